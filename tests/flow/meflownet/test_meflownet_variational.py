import cv2
import numpy as np

from mellm.flow.meflownet.chart import COLS, ROWS, chart_pixels, make_chart
from mellm.flow.meflownet.motion_prior import rigid_motions
from mellm.flow.meflownet.network_evidence import warp
from mellm.flow.meflownet.subspace_fit import PriorFit
from mellm.flow.meflownet.variational import refined_flow


def test_what_the_fit_missed_is_found_and_nothing_off_the_face(toy_prior, texture):
    at = chart_pixels()
    bump = 1.5 * np.exp(-0.5 * (((at[..., 0] - 200) / 40) ** 2 + ((at[..., 1] - 250) / 40) ** 2))
    # A picture read at x + motion has moved by minus the motion: 2 px with the head, -1.5 px in the middle.
    apex = warp(texture, np.stack([bump - 2.0, np.zeros_like(bump)], axis=-1).astype(np.float32))
    head = np.zeros((ROWS, COLS, 2), np.float32)
    head[..., 0] = 2.0
    fitted = np.zeros_like(head)
    fitted[..., 0] = -0.6 * cv2.resize(bump, (COLS, ROWS), interpolation=cv2.INTER_AREA)
    rigid = rigid_motions(make_chart(toy_prior.template, toy_prior.template))
    found = refined_flow(PriorFit(toy_prior), (texture, apex), head, fitted, rigid)
    assert found.shape == (ROWS, COLS, 2)
    assert found.dtype == np.float32
    assert -1.5 < found[62, 50, 0] < 1.05 * fitted[62, 50, 0]
    assert abs(found[62, 50, 1]) < 0.1
    assert np.abs(found[30:34, 40:60]).max() < 0.15
    assert not found[:5].any()


def test_what_most_of_the_face_shares_is_not_its_expression(toy_prior, texture):
    still = np.zeros((ROWS, COLS, 2), np.float32)
    apex = warp(texture, np.full((*texture.shape, 2), 0.5, np.float32))
    rigid = rigid_motions(make_chart(toy_prior.template, toy_prior.template))
    assert (
        np.abs(refined_flow(PriorFit(toy_prior), (texture, apex), still, still, rigid)[40:80, 30:70]).max()
        < 0.1
    )
