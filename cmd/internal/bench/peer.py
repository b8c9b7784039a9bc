"""Runs ONNX networks in onnxruntime, one thread, for package bench. One JSON request a line on stdin, one JSON answer a line on stdout:

{"op": "load", "name": N, "model": FILE, "input": FILE}  ->  {}
{"op": "run", "name": N, "times": K}                     ->  {"ms": [K numbers]}
{"op": "output", "name": N}                              ->  {"outputs": [base64 of each output's bytes]}

and {"version": V} at the start. A failure is {"error": TEXT}.
"""
import base64
import json
import sys
import time

import numpy
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
options.log_severity_level = 3
loaded = {}


def load(request):
    session = onnxruntime.InferenceSession(request["model"], options, providers=["CPUExecutionProvider"])
    want = session.get_inputs()[0]
    kind = numpy.uint8 if want.type == "tensor(uint8)" else numpy.float32
    loaded[request["name"]] = session, {want.name: numpy.fromfile(request["input"], kind).reshape(want.shape)}
    return {}


def run(request):
    session, feed = loaded[request["name"]]
    ms = []
    for _ in range(request["times"]):
        start = time.perf_counter()
        session.run(None, feed)
        ms.append((time.perf_counter() - start) * 1000)
    return {"ms": ms}


def output(request):
    session, feed = loaded[request["name"]]
    return {"outputs": [base64.b64encode(v.tobytes()).decode() for v in session.run(None, feed)]}


print(json.dumps({"version": onnxruntime.__version__}), flush=True)
for line in sys.stdin:
    try:
        request = json.loads(line)
        answer = {"load": load, "run": run, "output": output}[request["op"]](request)
    except Exception as error:  # the other side shows it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
