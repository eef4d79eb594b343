"""README.md's certificate and its program by TLS, as a user comes to run them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from interop.leveret import Leveret

_PROGRAM = Path(__file__).parent / "tls_program.py"
_README = Path(__file__).parents[3] / "README.md"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_program_trusts_the_certificate_and_works(tmp_path):
    (command,) = re.findall(r"^(openssl .*\\\n.*)$", _README.read_text(encoding="utf-8"), re.MULTILINE)
    subprocess.run(command, shell=True, cwd=tmp_path, check=True, capture_output=True)
    files = "--tls-certfile", f"{tmp_path}/server.pem", "--tls-keyfile", f"{tmp_path}/server.key"
    with Leveret(0, "--tls-port", "0", *files) as leveret:
        program = [sys.executable, _PROGRAM, f"{tmp_path}/server.pem", str(leveret.tls_port)]
        done = subprocess.run(program, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("a hare that nobody saw on its way\n", "")
