"""MEFlowNet: facial and head flow of a micro-expression, estimated by warping and learned refinement.

`estimator` runs the shipped weights without torch; `model`, `update` and `loss` are the torch network
(only `mellm.train`, `mellm.evaluate` and the tests import them). Read docs/meflownet.md first.
"""
