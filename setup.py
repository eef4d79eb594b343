"""How the hot modules are compiled; all else about the build is in pyproject.toml.

LEVERET_COMPILED=0 compiles nothing; 1 fails where it cannot; without it an installation for which there is no compiler
is one in plain Python, as the sources are. In place: ``python setup.py build_ext --inplace``.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

_ROOT = Path(__file__).resolve().parent
# Not there by itself when pip builds.
sys.path.insert(0, str(_ROOT))
# Only the list is wanted, whatever was compiled before.
_wanted = os.environ.pop("LEVERET_COMPILED", "")

from protocol.native import modules, record  # noqa: E402


class BuildAll(build_ext):
    """Compiles all the modules, or leaves none behind."""

    def run(self) -> None:
        for file in self._files():
            file.unlink(missing_ok=True)
        try:
            super().run()
        except (BaseError, CCompilerError, ImportError) as error:
            self._give_up(str(error))
            return
        self._record.write_text(record.write(_ROOT), encoding="utf-8")

    def build_extensions(self) -> None:
        from Cython.Build import cythonize

        self._try_compiler()
        for extension in self.extensions:
            (made,) = cythonize([extension], build_dir=self.build_temp, annotate="LEVERET_ANNOTATE" in os.environ)
            extension.sources = made.sources
        self.parallel = self.parallel or os.cpu_count()
        super().build_extensions()

    def _try_compiler(self) -> None:
        """Raises CompileError: what takes a minute need not be begun."""
        Path(self.build_temp).mkdir(parents=True, exist_ok=True)
        source = Path(self.build_temp, "try.c")
        source.write_text("#include <Python.h>\n", encoding="utf-8")
        self.compiler.compile([str(source)], output_dir=self.build_temp, include_dirs=self.include_dirs)

    def _give_up(self, why: str) -> None:
        if _wanted == "1":
            raise SystemExit(f"LEVERET_COMPILED is 1, but the modules cannot be compiled: {why}")
        self.warn(f"{why}\nWithout a C compiler Leveret is installed in plain Python: it does the same, but slower.")
        for file in self._files():
            file.unlink(missing_ok=True)
        for extension in self.extensions:
            extension.optional = True

    @property
    def _target(self) -> Path:
        return _ROOT if self.inplace else Path(self.build_lib)

    @property
    def _record(self) -> Path:
        return self._target / record.record_name()

    def _files(self) -> list[Path]:
        """What an earlier build left, perhaps of modules that are compiled no more."""
        suffix = Path(self.get_ext_filename("any")).name.removeprefix("any")
        made = [file for package in record.PACKAGES for file in (self._target / package).rglob(f"*{suffix}")]
        return [self._record, *made]


def _extensions() -> list[Extension]:
    return [Extension(name, [record.source_of(name)]) for name in modules.MODULES]


setup(ext_modules=[] if _wanted == "0" else _extensions(), cmdclass={"build_ext": BuildAll})
