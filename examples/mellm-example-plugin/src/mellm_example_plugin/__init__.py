"""An estimator, a recogniser and a data set that mellm finds by this package's entry points."""
