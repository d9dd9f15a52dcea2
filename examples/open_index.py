"""Opens an index saved by simdex with the package safetensors, and searches it with numpy.

    python3 open_index.py INDEX.safetensors ROW K

Prints the ids of the K rows nearest to row ROW and their scores as JSON. Needs numpy and safetensors.
"""

import json
import sys

import numpy
from safetensors import safe_open

path, row, k = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with safe_open(path, "numpy") as file:
    metadata = file.metadata()
    assert metadata["format"] == "simdex/1", metadata
    vectors = file.get_tensor("vectors").astype(numpy.float64)
    names = set(file.keys())
    if "ids" in names:
        ids = file.get_tensor("ids").tolist()
    else:
        text, offsets = file.get_tensor("ids_bytes").tobytes(), file.get_tensor("ids_offsets")
        ids = [text[a:b].decode() for a, b in zip(offsets, offsets[1:])]

query = vectors[row]
if metadata["metric"] == "euclidean":
    scores = -numpy.linalg.norm(vectors - query, axis=1)
elif metadata["metric"] == "dot":
    scores = vectors @ query
else:
    scores = vectors @ query / (numpy.linalg.norm(vectors, axis=1) * numpy.linalg.norm(query))
best = numpy.argsort(-scores, kind="stable")[:k]
print(json.dumps({"ids": [ids[i] for i in best], "scores": numpy.abs(scores[best]).tolist()
                  if metadata["metric"] == "euclidean" else scores[best].tolist()}))
