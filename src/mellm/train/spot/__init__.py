"""Training of the spotting network: movements of known kind put into traces of real and made unrest."""
