"""Makes burgers.safetensors: Burgers' equation by numpy, written apart from the Swift code.

Needs numpy and safetensors. A dense Jacobian and numpy's solver stand in for the cyclic solver.
"""

import numpy as np
from safetensors.numpy import save_file

SIZE, SUBSTEPS, DT, NU = 12, 3, 0.05, 0.05
DX = 10 / (SIZE - 1)


def slope(u):
    after, before = np.roll(u, -1), np.roll(u, 1)
    return -u * (after - before) / (2 * DX) + NU * (after - 2 * u + before) / DX**2


def jacobian(u):
    matrix = np.zeros((SIZE, SIZE))
    for i in range(SIZE):
        b, a = (i - 1) % SIZE, (i + 1) % SIZE
        matrix[i, b] += u[i] / (2 * DX) + NU / DX**2
        matrix[i, i] += -(u[a] - u[b]) / (2 * DX) - 2 * NU / DX**2
        matrix[i, a] += -u[i] / (2 * DX) + NU / DX**2
    return matrix


def implicit(u):
    v = u.copy()
    for _ in range(30):
        residual = v - u - DT / 2 * (slope(u) + slope(v))
        v = v - np.linalg.solve(np.eye(SIZE) - DT / 2 * jacobian(v), residual)
    return v


def image(u, step):
    columns = []
    for _ in range(SIZE):
        for _ in range(SUBSTEPS):
            u = step(u)
        columns.append(u)
    return np.stack(columns, 1)[::-1]


points = np.linspace(-1, 1, SIZE)
r = np.sqrt(3) * np.abs(points[:, None] - points[None]) / 0.2
initial = np.random.default_rng(1).uniform(size=SIZE)
initial = (initial - initial.min()) / (initial.max() - initial.min())
save_file(
    {
        "covariance": (1 + r) * np.exp(-r),
        "initial": initial,
        "euler": np.ascontiguousarray(image(initial, lambda u: u + DT * slope(u))),
        "crank_nicolson": np.ascontiguousarray(image(initial, implicit)),
    },
    "burgers.safetensors",
)
