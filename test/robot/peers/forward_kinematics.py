"""Forward kinematics by Pinocchio, to compare with.

Reads JSON from standard input: {urdf: file, joints: [name], links: [name], postures: [[rad]]}, joints in the order of the
postures' columns. Writes float64 numbers to standard output: for each posture and link the row-major 3 x 4 transform
from the link to the root; then, for each posture, the torques that hold it against gravity (N m).
"""

import json
import sys

import numpy
import pinocchio

request = json.load(sys.stdin)
model = pinocchio.buildModelFromUrdf(request["urdf"])
data = model.createData()
columns = [model.joints[model.getJointId(name)].idx_q for name in request["joints"]]
links = [model.getFrameId(name, pinocchio.FrameType.BODY) for name in request["links"]]

transforms = []
torques = []
for posture in request["postures"]:
    q = numpy.zeros(model.nq)
    q[columns] = posture
    pinocchio.framesForwardKinematics(model, data, q)
    transforms.append([data.oMf[link].homogeneous[:3] for link in links])
    torques.append(pinocchio.computeGeneralizedGravity(model, data, q)[columns])

sys.stdout.buffer.write(numpy.asarray(transforms, dtype="<f8").tobytes())
sys.stdout.buffer.write(numpy.asarray(torques, dtype="<f8").tobytes())
