"""Makes a small folder in the format of the MEGC 2019 flow folder, with motion that is known."""

import csv
from pathlib import Path

import numpy as np

SHOWN = {"negative": "4", "positive": "12", "surprise": "1+2"}


def bump(row: float, column: float, size: float = 2.0) -> np.ndarray:
    rows, columns = np.mgrid[:28, :28]
    return np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * size**2))


def flow_of(label: str, rng: np.random.Generator, sides: tuple[str, ...] = ("left", "right")) -> np.ndarray:
    """Flow (28, 28, 2), u right, v down; `sides` are the picture's."""
    u, v = np.zeros((2, 28, 28))
    for side in sides:
        out = -1 if side == "left" else 1
        if label == "negative":
            at = bump(4.3, 13.5 + out * 3.8)
            u, v = u - out * at, v + at
        elif label == "positive":
            at = bump(19.4, 13.5 + out * 5.4)
            u, v = u + out * at, v - at
        else:
            v = v - bump(4.2, 13.5 + out * 6.2, 3.0)
    flow = np.stack([u, v], axis=-1) * rng.uniform(0.6, 1.4)
    return flow + rng.normal(0, 0.04, flow.shape)


def stored(flow: np.ndarray) -> np.ndarray:
    u_y, u_x = np.gradient(flow[..., 0])
    v_y, v_x = np.gradient(flow[..., 1])
    strain = np.sqrt(u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2)
    channels = np.concatenate([flow, strain[..., None]], axis=-1)
    low, high = channels.min((0, 1)), channels.max((0, 1))
    return np.round((channels - low) / (high - low) * 255).astype(np.uint8)


def make_folder(
    folder: Path, people: int = 4, sets: tuple[str, ...] = ("smic", "samm"), seed: int = 0
) -> Path:
    """Each person of each set shows every label once on both sides, and once one-sided."""
    rng = np.random.default_rng(seed)
    rows, flows = [], []
    for dataset in sets:
        for person in range(people):
            for label, units in SHOWN.items():
                for number, sides in enumerate((("left", "right"), ("left",), ("right",))):
                    letter = {("left",): "R", ("right",): "L"}.get(sides, "")
                    rows.append(
                        {
                            "key": f"{dataset}_{person:03d}_{label}_{number}",
                            "dataset": dataset,
                            "subject": f"{person:03d}",
                            "label": label,
                            "emotion": "",
                            "action_units": "+".join(letter + unit for unit in units.split("+")),
                        }
                    )
                    flows.append(stored(flow_of(label, rng, sides)))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "samples.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    order = rng.permutation(len(rows))
    keys = np.array([rows[i]["key"] for i in order], dtype=object)
    np.savez(folder / "flows.npz", flows=np.stack(flows)[order], key=keys)
    return folder
