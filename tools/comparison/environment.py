"""The virtual environment of the Python libraries, with pinned versions."""

import hashlib
import os
import pathlib
import subprocess
import sys
import venv

# What the comparison was written for. A library that fails to install is shown as failed.
BASE = ["numpy==2.4.6", "scipy==1.17.1", "h5py==3.16.0", "safetensors==0.8.0"]
TORCH = "2.13.0"
PEERS = {
    "traker": ["traker==0.3.2"],
    "dattri": ["dattri==0.3.0"],
    "kronfluence": ["kronfluence==1.0.1"],
    "captum": ["captum==0.9.0"],
    "cleanlab": ["cleanlab==2.9.0"],
}
PACKAGES = {
    "traker": "traker",
    "dattri": "dattri",
    "kronfluence": "kronfluence",
    "captum": "captum",
    "cleanlab": "cleanlab",
}


def python(folder):
    return folder / "bin" / "python"


def pip(folder, arguments):
    command = [str(python(folder)), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    return subprocess.run(command + arguments, stdout=sys.stderr)


def torch_arguments(wheels):
    """Prefers a CPU wheel in a local folder: PyPI's Linux wheel brings gigabytes of CUDA."""
    local = sorted(pathlib.Path(wheels).glob(f"torch-{TORCH}*cpu*.whl")) if wheels else []
    if local:
        return ["--find-links", str(wheels), f"torch=={TORCH}+cpu"]
    return [f"torch=={TORCH}"]


def prepare(folder, wheels):
    """Makes the environment if it is not there; a second call only looks at its stamp."""
    wanted = hashlib.sha256(repr((BASE, TORCH, sorted(PEERS.items()))).encode()).hexdigest()
    stamp = folder / "comparison.stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"installing the Python libraries into {folder}", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    torch = torch_arguments(wheels)
    if pip(folder, torch + BASE).returncode:
        sys.exit(
            "error: numpy, scipy, h5py, safetensors or torch could not be installed by pip\n"
            "  fix: see pip's message above; --wheels FOLDER may hold a CPU wheel of torch"
        )
    # One by one, so that a library that does not install leaves the others usable.
    failed = [name for name in PEERS if pip(folder, torch + BASE + PEERS[name]).returncode]
    if failed:
        print(f"warning: not installed: {', '.join(failed)}", file=sys.stderr)
    else:
        stamp.write_text(wanted)


def enter(folder, threads):
    """Starts this program again inside the environment, unless it runs there already."""
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # set in some places, and slower
        os.environ.pop(name, None)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    if pathlib.Path(sys.prefix).resolve() != folder.resolve():
        sys.stdout.flush()
        os.execv(python(folder), [str(python(folder)), *sys.argv])
