"""Two pictures of one face in, facial, head and expression flow and regional motion out."""

from mellm.flow.colour import image_scale, middlebury, mmc_colours, mmc_map
from mellm.flow.estimator_registry import create, estimators, register
from mellm.flow.field import Flow, FlowEstimator, FlowField, HeadMotion
from mellm.flow.flow_files import read_estimate, read_flow, write_flow
from mellm.flow.head import COMPENSATIONS, compensate, nose_mean
from mellm.flow.legend import annotate, legend
from mellm.flow.magnify import magnify
from mellm.flow.measure import measure
from mellm.flow.pair_measurement import FlowMeasurement, PairMeasurement, measure_flow, measure_pair
from mellm.flow.region_motion import OCTANTS, RegionMotion

__all__ = [
    "COMPENSATIONS",
    "OCTANTS",
    "Flow",
    "FlowEstimator",
    "FlowField",
    "FlowMeasurement",
    "HeadMotion",
    "PairMeasurement",
    "RegionMotion",
    "annotate",
    "compensate",
    "create",
    "estimators",
    "image_scale",
    "legend",
    "magnify",
    "measure",
    "measure_flow",
    "measure_pair",
    "middlebury",
    "mmc_colours",
    "mmc_map",
    "nose_mean",
    "read_estimate",
    "read_flow",
    "register",
    "write_flow",
]
