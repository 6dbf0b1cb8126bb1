"""MEFlowNet: facial and head flow of a micro-expression, by a learned motion prior and a warping network.

`runtime` runs the shipped weights without torch; `model`, `update`, `encoder`, `physics` and `loss` are the
torch network (only training, evaluation and tests import them). See docs/meflownet.md.
"""

from mellm.flow.meflownet.runtime import MEFlowNetEstimator, create

__all__ = ["MEFlowNetEstimator", "create"]
