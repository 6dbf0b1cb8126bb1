"""The motion reader: a language model that is given the motion itself, as a picture or as 29 regions' numbers."""
