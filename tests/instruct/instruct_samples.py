"""Made-up micro-expressions in the format of flow without frames: soft pushes at known places."""

import csv

import numpy as np

PUSHES = {
    "12": ((8.1, 19.4, -0.7, -0.7), (18.9, 19.4, 0.7, -0.7)),
    "R12": ((8.1, 19.4, -0.7, -0.7),),
    "6": ((5.5, 13.5, 0.0, -0.8), (21.5, 13.5, 0.0, -0.8)),
    "4": ((9.7, 4.3, 0.5, 0.8), (17.3, 4.3, -0.5, 0.8)),
    "1": ((9.7, 4.3, 0.0, -1.0), (17.3, 4.3, 0.0, -1.0)),
    "2": ((4.9, 4.0, 0.0, -1.0), (22.1, 4.0, 0.0, -1.0)),
    "15": ((8.1, 19.4, 0.0, 1.0), (18.9, 19.4, 0.0, 1.0)),
    "17": ((13.5, 24.2, 0.0, -1.0), (13.5, 21.6, 0.0, -0.8)),
}
KINDS = (
    ("12", "happiness", "positive"),
    ("6+12", "happiness", "positive"),
    ("R12", "happiness", "positive"),
    ("4", "disgust", "negative"),
    ("1+2", "surprise", "surprise"),
    ("15+17", "repression", "negative"),
    ("4+R12+5", "disgust", "negative"),
    ("12 or 14", "happiness", "positive"),
    ("", "", "negative"),
)


def flow(codes, rng):
    rows, columns = np.mgrid[:28, :28]
    field = rng.normal(0, 0.01, (28, 28, 2))
    for code in codes.replace(" or 14", "").split("+"):
        for x, y, u, v in PUSHES.get(code, ()):
            bump = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 1.6**2))
            field += bump[..., None] * np.array([u, v]) * rng.uniform(0.7, 1.3)
    u_y, u_x = np.gradient(field[..., 0])
    v_y, v_x = np.gradient(field[..., 1])
    strain = np.sqrt(u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2)
    picture = np.concatenate([field, strain[..., None]], -1)
    low, high = picture.min((0, 1)), picture.max((0, 1))
    return np.round(255 * (picture - low) / (high - low)).astype(np.uint8)


def write_flow_folder(folder, count=36, seed=0):
    """A folder with flows.npz and samples.csv, `count` samples of nine people."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows, flows = [], []
    for i in range(count):
        codes, emotion, label = KINDS[i % len(KINDS)]
        flows.append(flow(codes, rng))
        rows.append([f"made{i:04d}", "made", f"person{i % 9}", label, emotion, codes, 1, 2, 3])
    np.savez(folder / "flows.npz", flows=np.stack(flows), key=np.array([r[0] for r in rows]))
    with (folder / "samples.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        columns = "key,dataset,subject,label,emotion,action_units,onset,apex,offset"
        writer.writerow(columns.split(","))
        writer.writerows(rows)
    return folder
