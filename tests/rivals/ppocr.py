"""Read pictures with PP-OCRv6: run by the Python of an environment of its own, as rapidocr brings another OpenCV.

Each line of standard input is the path of a picture; each line of standard output is JSON: what was read, as texts with
the boxes around them (x, y, w, h, pixels), and the seconds it took. Imports nothing of this project.
"""

import json
import logging
import os
import sys
from time import perf_counter


def main() -> None:
    """Read until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the library prints belongs elsewhere
    import cv2
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    cv2.setNumThreads(1)
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    reader = RapidOCR(params=threads)
    for line in sys.stdin:
        picture = cv2.imread(line.rstrip("\n"))
        start = perf_counter()
        found = reader(picture)
        seconds = perf_counter() - start
        texts = []
        for text, corners in zip(found.txts or (), [] if found.boxes is None else found.boxes, strict=False):
            (left, top), (right, foot) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
            texts.append([text, [left, top, right - left, foot - top]])
        answers.write(json.dumps({"texts": texts, "seconds": seconds}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
