import pytest

from tests.streams.crashes import usual_sizes
from tests.streams.engines import ENGINES


@pytest.fixture(params=list(ENGINES))
def engine(request, tmp_path):
    engine = ENGINES[request.param](tmp_path)
    with usual_sizes():
        yield engine
        engine.close()
