"""What is made of the figures: ratios, verdicts, tables, plots, and the README's part about them."""

import re
import sys
from pathlib import Path

import pytest

from interop.bench import __main__ as command
from interop.bench import brokers, drawing, options, plotting, readme, report, targets
from interop.bench.result import percentiles
from interop.bench.results import Results, Unlike

README = (readme.ROOT / "README.md").read_text(encoding="utf-8")


def results() -> Results:
    """Every kind of figure, of two brokers, one of them in both settings."""
    fast = {"rate": 5e5, "cpu_us": 1.5, "rss_mb": 40.0, "p50_ms": 0.1, "p99_ms": 0.2, "p999_ms": 0.4}
    slow = {name: value * 4 for name, value in fast.items()} | {"rate": 1e5}
    points = {0: [fast], 1_000_000: [fast | {"cpu_us": 1.6}]}
    return Results(
        about={
            "leveret-os": {"version": "Leveret 1", "promise": "written"},
            "leveret": {"version": "Leveret 1", "promise": "synced"},
            "rabbitmq": {"version": "RabbitMQ 4", "promise": "written"},
        },
        standing={"leveret": {"start_s": 0.3, "idle_mb": 36.0}, "rabbitmq": {"start_s": 4.0}},
        rounds={
            "autoack": {"leveret": [fast], "rabbitmq": [slow]},
            "durable": {"leveret-os": [fast | {"rate": 6e5}], "leveret": [fast], "rabbitmq": [slow]},
            "durable 1,024 B": {"leveret-os": [fast], "leveret": [fast], "rabbitmq": [slow]},
        },
        growth={"backlog": {"leveret": points, "rabbitmq": {0: [slow]}}},
        machine="2 cores (of oak), 8 GiB, Linux, CPython 3.11.2",
        commands=["python -m interop.bench"],
    )


def verdicts(rounds, standing=()) -> dict[str, bool | None]:
    return dict(targets.judge(rounds, dict(standing)))


def test_percentiles_and_paired_ratios():
    assert percentiles([n / 1000 for n in range(1, 1002)]) == pytest.approx(
        {"p50_ms": 501, "p99_ms": 991, "p999_ms": 1000}
    )
    ours, theirs = [{"rate": 10.0}, {"rate": 40.0}, {"rate": 60.0}], [{"rate": 5.0}, {"rate": 10.0}, {"rate": 60.0}]
    assert report.ratio(ours, theirs, "rate") == 2.0
    assert report.ratio(ours, [{}], "rate") is None


def test_like_promises_are_compared():
    runs = {name: [{"rate": 10.0 * rate, "cpu_us": 1.0}] for rate, name in enumerate(("leveret-os", "leveret", "x"), 1)}
    about = {name: {"version": "", "promise": "synced"} for name in runs}
    assert report.table({"durable": runs}, about).splitlines()[-1].split()[-4:] == ["0.67", "1.00", "-", "-"]
    about["x"]["promise"] = "written"
    assert report.table({"durable": runs}, about).splitlines()[-1].split()[-4:] == ["0.33", "1.00", "-", "-"]


def test_a_target_is_met_missed_or_not_judged():
    rounds = {"autoack": {"leveret": [{"cpu_us": 3.6, "rate": 90.0}], "rabbitmq": [{"rate": 10.0}]}}
    found = verdicts(rounds, {"leveret": {"idle_mb": 30.0}}.items())
    assert found["MISSED      leveret autoack cpu_us <= 3.5: 3.60"] is False
    assert found["met         leveret autoack rate, rabbitmq's being 1 >= 4: 9.00"] is True
    assert found["met         leveret idle_mb <= 45: 30.00"] is True
    assert found["not judged  leveret fanout cpu_us <= 12: not measured"] is None


def test_each_peer_is_held_against_the_leveret_that_promises_the_same():
    compiled = {"leveret-compiled-os": [{"rate": 40.0}], "leveret-compiled": [{"rate": 20.0}]}
    plain = {"leveret-os": [{"rate": 30.0}], "leveret": [{"rate": 10.0}]}
    runs = compiled | plain | {"rabbitmq": [{"rate": 20.0}], "lavinmq": [{"rate": 40.0}]}
    judged = {sentence for sentence, met in verdicts({"confirm1_durable": runs}).items() if met is not None}
    assert judged == {
        "met         leveret-os confirm1_durable rate, rabbitmq's being 1 >= 1: 1.50",
        "MISSED      leveret-compiled confirm1_durable rate, lavinmq's being 1 >= 1: 0.50",
    }


def test_growth_is_judged_by_the_last_point():
    points = {1: [{"cpu_us": 1.0}, {"cpu_us": 2.0}], 10: [{"cpu_us": 9.0}] * 2, 100: [{"cpu_us": 1.1}, {"cpu_us": 2.4}]}
    judged = list(targets.judge_growth({"idle": {"leveret": points}, "size": {"leveret": points}}))
    assert [each for each in judged if each[1] is not None] == [
        ("met         leveret CPU, 1,000 idle, 1 being 1 <= 1.2: 1.15", True)
    ]
    row = report.growth_table({"idle": {"leveret": points}}).splitlines()[-1]
    assert row.split()[2:] == ["1:", "1.50", "10:", "9.00", "100:", "1.75", "1.15"]


def test_results_come_back_as_they_were_written(tmp_path):
    written = results()
    written.write(tmp_path / "r.json")
    assert Results.read(tmp_path / "r.json") == written
    assert written.complete
    written.rounds["autoack"]["leveret"].append({})
    assert not written.complete


def test_parts_of_a_measurement_are_joined_unless_they_are_of_two_machines(tmp_path):
    first, second = results(), results()
    second.growth, second.rounds = {}, {"ack": {"leveret": [{"rate": 1.0}]}}
    second.commands = ["python -m interop.bench scenarios"]
    whole = Results.joined([first, second])
    assert [*whole.rounds] == [*first.rounds, "ack"]
    assert whole.growth == first.growth
    assert len(whole.commands) == 2
    first.about = {"x": {"version": "", "promise": "?"}}
    assert [*Results.joined([first, second]).about] == ["leveret-os", "leveret", "rabbitmq", "x"]
    first.about = results().about
    second.about = {"rabbitmq": {"version": "RabbitMQ 3", "promise": "written"}}
    with pytest.raises(Unlike, match="two brokers are called rabbitmq"):
        Results.joined([first, second])
    second.machine = "another"
    with pytest.raises(Unlike, match="two machines"):
        Results.joined([first, second])


def test_a_command_is_told_without_what_only_this_machine_knows():
    words = "growth --seconds 0.5 --skip leveret --rabbitmq-root /opt/it --dimension idle --out /tmp/x --check --write"
    start = ["--start", "lavinmq=amqp://guest:guest@127.0.0.1:1/,/secret/lavinmq {data}"]
    assert options.read("", [*words.split(), *start]).command == (
        "python -m interop.bench growth --seconds 0.5 --dimension idle --skip leveret --rabbitmq-root FOLDER"
        " --start lavinmq=URL,COMMAND"
    )
    assert options.read("", []).command == "python -m interop.bench"


def test_earlier_results_are_shown_and_judged_without_measuring(tmp_path, capsys):
    results().write(tmp_path / "r.json")
    arguments = ["--from", str(tmp_path / "r.json"), "--out", str(tmp_path / "out"), "--check"]
    assert command.main(arguments) == 0
    told = capsys.readouterr().out
    assert "met         leveret autoack cpu_us <= 3.5: 1.50" in told
    assert "RabbitMQ 4" in told
    assert (tmp_path / "out/results.json").exists()


def test_who_ends_it_early_finds_what_there_was(tmp_path, monkeypatch):
    def interrupted(measured, asked, found: Results) -> None:
        found.rounds["autoack"] = {"leveret": [{"rate": 1.0}]}
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "measure", interrupted)
    skip = [word for name in brokers.OWN for word in ("--skip", name)]
    with pytest.raises(KeyboardInterrupt):
        command.main(["scenarios", "--no-standing", "--out", str(tmp_path), *skip])
    found = Results.read(tmp_path / "results.json")
    assert found.rounds == {"autoack": {"leveret": [{"rate": 1.0}]}}
    assert not found.complete


def test_a_broker_that_does_not_start_costs_its_own_figures_only(tmp_path):
    skip = [word for name in brokers.OWN for word in ("--skip", name)]
    start = ["--start", f"it=amqp://guest:guest@127.0.0.1:1/,{sys.executable} -c 1"]
    assert command.main(["scenarios", "--scenario", "autoack", "--out", str(tmp_path), *skip, *start]) == 1
    assert [each.split(":")[0] for each in Results.read(tmp_path / "results.json").failures] == ["it", "it"]


def test_plots_are_the_same_bytes_each_time(tmp_path):
    pytest.importorskip("matplotlib", reason=drawing.HOW_TO_INSTALL)
    first, second = (plotting.draw(results(), tmp_path / name) for name in "ab")
    assert [file.name for file in first] == ["cpu.svg", "rate.svg", "latency.svg", "growth.svg"]
    for one, other in zip(first, second, strict=True):
        text = one.read_text(encoding="utf-8")
        assert text == other.read_text(encoding="utf-8")
        assert len(text) < 100_000
        # Words are words, and those who read in the dark see them.
        assert ">rabbitmq</text>" in text
        assert "prefers-color-scheme:dark" in text
        assert set(re.findall(r"<text[^>]*fill: (#\w+)", text)) == {"#1f2328"}


def test_plots_leave_out_what_was_not_measured(tmp_path):
    pytest.importorskip("matplotlib", reason=drawing.HOW_TO_INSTALL)
    found = results()
    found.growth = {}
    for runs in found.rounds.values():
        del runs["rabbitmq"]
    assert [file.name for file in plotting.draw(found, tmp_path)] == ["cpu.svg", "latency.svg"]


def test_without_matplotlib_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(drawing.NotInstalled, match="pip install"):
        plotting.draw(results(), tmp_path)


def test_the_readmes_tables_name_every_figure():
    part = readme.part(results())
    assert "| `autoack`: publish and consume, no acks | 500,000 · 1.5 | 100,000 · 6 | 5.00 |\n" in part
    assert "| cold start s | 0.30 | 4.00 |\n" in part
    # What is written is compared with what is written.
    assert "| 600,000 · 1.5 | 500,000 · 1.5 | 100,000 · 6 | 6.00 |" in part
    assert "0.10 · 0.20 · 0.40 | 0.40 · 0.80 · 1.60 |" in part
    assert "| | × | 1.07 |" in re.sub(r"\s+", " ", part)
    assert "python -m interop.bench\n" in part


def test_the_readme_shows_what_the_record_holds():
    record = Results.read(readme.RECORD)
    assert readme.part(record) in README, "python -m interop.bench --from interop/bench/plots/results.json --write"
    for picture in re.findall(r"\((interop/bench/plots/.*?)\)", README):
        assert (readme.ROOT / picture).exists()


def test_the_record_names_no_path_and_no_host():
    text = readme.RECORD.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w/])/(?:[\w.-]+/)+|amqp://|localhost", text)


def test_a_readme_without_markers_is_not_touched(tmp_path, monkeypatch):
    for name in ("PLOTS", "ROOT"):
        monkeypatch.setattr(readme, name, tmp_path)
    for name in ("RECORD", "_README"):
        monkeypatch.setattr(readme, name, tmp_path / Path(name).name.lower())
    (tmp_path / "_readme").write_text("nothing here")
    with pytest.raises(ValueError, match="has no part between"):
        readme.write(results())
    (tmp_path / "_readme").write_text(f"before {readme.BEGIN} old {readme.END} after")
    readme.write(results())
    assert (tmp_path / "_readme").read_text() == f"before {readme.part(results())} after"
