"""Solves the motion planner's problems with OSQP: mpc-peer.py PROBLEMS.json, called by bench/mpc.ts.

Variables per joint and stage are the state (P, V, A) at its end and its jerk u; the chain's dynamics are equalities,
as OSQP's users write such problems; each shared row has a slack. Prints a JSON object: see PeerReport in mpc.ts.
"""

import json
import sys
import time

import numpy as np
import osqp
import scipy.sparse as sparse

with open(sys.argv[1]) as file:
    data = json.load(file)
constants, problems = data["constants"], data["problems"]
N = constants["stages"]
T = np.array(constants["transition"])
D = np.array(constants["stageWeight"])
KAPPA, EPS_J, EPS_A = constants["velocityCost"], constants["jerkCost"], constants["accelerationCost"]
NU = constants["shortfallCost"]
INFINITE = 1e20


class Problem:
    """Rows of a joint along the horizon: P, V, A, u, each N long; joints one after the other, then the slacks."""

    def __init__(self, raw):
        self.joints = sorted(raw["joints"])
        n = self.n = len(self.joints)
        place = {joint: i for i, joint in enumerate(self.joints)}
        rows = np.array(raw["nominalRows"]).reshape(-1, 4, N)[self.joints]
        tracking = np.array(raw["tracking"]).reshape(-1, 2, N)[self.joints]
        self.state = np.array(raw["state"]).reshape(-1, 3)[self.joints]
        self.jerk = np.array(raw["jerk"]).reshape(-1, N)[self.joints]
        self.rows = raw["rows"]
        nominal_p, nominal_v = rows[:, 3], rows[:, 2]
        # Q over the joints: 1 but for the arm that tracks a pose.
        coupling = np.eye(n)
        hand = [place[joint] for joint in raw["hand"]["joints"]]
        coupling[np.ix_(hand, hand)] = np.array(raw["hand"]["coupling"]).reshape(len(hand), -1)
        coupling[np.abs(coupling) < 1e-14] = 0
        blocks = [[None] * n for _ in range(n)]
        for i in range(n):
            for k in range(n):
                if coupling[i, k] == 0:
                    continue
                part = sparse.diags(np.concatenate([D, KAPPA * D, np.zeros(2 * N)]) * coupling[i, k])
                if i == k:
                    part = part + sparse.diags(np.concatenate([np.zeros(2 * N), np.full(N, EPS_A), np.full(N, EPS_J)]))
                blocks[i][k] = part
        body = sparse.bmat(blocks)
        r = len(self.rows)
        self.P = sparse.block_diag([body, NU * sparse.eye(r)]).tocsc() if r else body.tocsc()
        # Tracking's gradient is given at the nominal plan: move it to zero.
        nominal = np.zeros((n, 4, N))
        nominal[:, 0], nominal[:, 1] = nominal_p, nominal_v
        gradient = np.zeros((n, 4, N))
        gradient[:, 0], gradient[:, 1] = D * tracking[:, 1], KAPPA * D * tracking[:, 0]
        self.q = np.concatenate([gradient.ravel() - body @ nominal.ravel(), np.zeros(r)])
        self.constrain(raw, nominal_p)

    def constrain(self, raw, nominal_p):
        n, r = self.n, len(self.rows)
        size = 4 * N
        dynamics = sparse.lil_matrix((3 * N, size))
        for k in range(N):
            for row in range(3):
                at = 3 * k + row
                dynamics[at, row * N + k] = 1
                for column in range(3):
                    if k > 0 and T[row, column] != 0:
                        dynamics[at, column * N + k - 1] = -T[row, column]
                dynamics[at, 3 * N + k] = -T[row, 3]
        bound = np.array(raw["bound"]).reshape(3, N)
        low, high, parts = [], [], []
        parts.append(sparse.hstack([sparse.kron(sparse.eye(n), dynamics), sparse.csc_matrix((3 * N * n, r))]))
        first = np.zeros((n, N, 3))
        first[:, 0] = self.state @ T[:, :3].T
        low.append(first.ravel())
        high.append(first.ravel())
        parts.append(sparse.hstack([sparse.eye(size * n), sparse.csc_matrix((size * n, r))]))
        upper = np.zeros((n, 4, N))
        lower = np.zeros((n, 4, N))
        upper[:, 0] = np.array(raw["upper"])[self.joints][:, None]
        lower[:, 0] = np.array(raw["lower"])[self.joints][:, None]
        for row, source in ((1, 2), (2, 1), (3, 0)):
            upper[:, row] = bound[source]
            lower[:, row] = -bound[source]
        for row in (1, 2):
            upper[:, row, -1] = lower[:, row, -1] = 0
        self.upper, self.lower = upper, lower
        low.append(lower.ravel())
        high.append(upper.ravel())
        if r:
            shared = sparse.lil_matrix((r, size * n + r))
            limits = np.zeros(r)
            for i, row in enumerate(self.rows):
                coefficients = np.array(row["coefficients"])[self.joints]
                for j in np.nonzero(coefficients)[0]:
                    shared[i, size * j + row["stage"]] = coefficients[j]
                    limits[i] += coefficients[j] * nominal_p[j, row["stage"]]
                limits[i] -= row["margin"]
                shared[i, size * n + i] = 1
            parts.append(shared)
            low.append(limits)
            high.append(np.full(r, INFINITE))
            self.shared, self.limits = shared.tocsr()[:, : size * n], limits
        self.A = sparse.vstack(parts).tocsc()
        self.l, self.u = np.concatenate(low), np.concatenate(high)

    def roll_out(self, jerk):
        rows = np.zeros((self.n, 4, N))
        x = self.state.copy()
        for k in range(N):
            x = x @ T[:, :3].T + jerk[:, k : k + 1] * T[:, 3]
            rows[:, :3, k] = x
        rows[:, 3] = jerk
        return rows

    def judge(self, jerk):
        """Cost and largest violation of a plan given by its jerk, its states computed from it."""
        rows = self.roll_out(jerk)
        flat = rows.ravel()
        slack = np.zeros(len(self.rows))
        if len(self.rows):
            slack = np.maximum(0, self.limits - self.shared @ flat)
        x = np.concatenate([flat, slack])
        violation = max(np.max(rows - self.upper), np.max(self.lower - rows), 0)
        return 0.5 * x @ (self.P @ x) + self.q @ x, violation

    def jerk_of(self, x):
        return x[: 4 * N * self.n].reshape(self.n, 4, N)[:, 3]


def solve(problem, tolerance, warm=None):
    solver = osqp.OSQP()
    solver.setup(
        sparse.triu(problem.P, format="csc"),
        problem.q,
        problem.A,
        problem.l,
        problem.u,
        verbose=False,
        eps_abs=tolerance,
        eps_rel=tolerance,
        max_iter=200000,
    )
    if warm is not None:
        solver.warm_start(x=warm.x if len(warm.x) == len(problem.q) else None, y=warm.y if len(warm.y) == len(problem.l) else None)
    begin = time.process_time()
    result = solver.solve()
    return result, 1e3 * (time.process_time() - begin)


report = {
    "cold": [],
    "warm": [],
    "iterations": [],
    "gap": {"ours": [], "peer": []},
    "violation": {"ours": [], "peer": []},
}
for before, raw in zip(problems[::2], problems[1::2]):
    last, _ = solve(Problem(before), 1e-3)
    problem = Problem(raw)
    report["variables"], report["constraints"] = len(problem.q), len(problem.l)
    exact, _ = solve(problem, 1e-6)
    optimum, _ = problem.judge(problem.jerk_of(exact.x))
    _, took = solve(problem, 1e-3)
    report["cold"].append(took)
    # The factorisation is not timed: a user would keep it where only vectors change.
    result, took = solve(problem, 1e-3, last)
    report["warm"].append(took)
    report["iterations"].append(result.info.iter)
    for name, jerk in (("ours", problem.jerk), ("peer", problem.jerk_of(result.x))):
        cost, violation = problem.judge(jerk)
        report["gap"][name].append((cost - optimum) / max(abs(optimum), 1e-9))
        report["violation"][name].append(violation)
print(json.dumps(report))
