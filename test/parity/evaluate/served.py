"""Holds answers that come over the network against those of the engine: `transformers serve` with the sample lineage.

Run by hand, from the repository's root, after `npm run build`; needs transformers, torch, fastapi and uvicorn:

    python test/parity/evaluate/served.py

It starts the server, evaluates `in` twice in one run (here, and behind the address) on 20 questions of each set, which is
100 answers, and fails unless every answer is the same text.
"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MODEL = ROOT / "samples" / "lineage" / "in"
PORT = 8123


def wait(server: subprocess.Popen) -> None:
    while server.poll() is None:
        try:
            urllib.request.urlopen(f"http://localhost:{PORT}/v1/models")
            return
        except OSError:
            time.sleep(0.5)
    sys.exit("The server ended.")


def main() -> None:
    serve = ["transformers", "serve", "--device", "cpu", "--dtype", "float32", "--port", str(PORT)]
    server = subprocess.Popen([str(Path(sys.executable).parent / serve[0]), *serve[1:]])
    try:
        wait(server)
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder) / "result.json"
            places = [str(MODEL), f"endpoint:http://localhost:{PORT}/v1#{MODEL}"]
            options = ["--labels", "here,served", "--data", str(ROOT / "samples" / "eval"), "--samples", "20"]
            command = ["node", str(ROOT / "dist" / "cli.cjs"), "evaluate", *places, *options, "--max-new-tokens", "200"]
            subprocess.run([*command, "--no-runs", "--json", str(result)], check=True)
            pairs = [pair for one in json.loads(result.read_text())["questions"] for pair in one["answers"].values()]
    finally:
        server.terminate()
    differing = [pair for pair in pairs if pair[0] != pair[1]]
    print(f"{len(pairs) - len(differing)} of {len(pairs)} answers are the same")
    if differing or len(pairs) != 100:
        sys.exit(f"The first that differs: {differing[:1]}")


if __name__ == "__main__":
    main()
