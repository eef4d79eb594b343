"""The table of settings: what each layer may say, which layer wins, and what is said about a value that cannot be."""

import pytest

from broker.config import SETTINGS, Config, ConfigError, load


def test_defaults_are_a_local_broker_with_guest():
    config = load()
    assert (config.hosts, config.port) == (("127.0.0.1", "::1"), 5672)
    assert (config.user, config.password, config.vhost) == ("guest", "guest", "/")
    assert (config.heartbeat_s, config.frame_max_bytes, config.channel_max) == (60, 131_072, 2047)


def test_each_layer_wins_over_the_one_below():
    layers = {"file_text": "port = 1", "environment": {"LEVERET_PORT": "2"}, "flags": {"port": "3"}}
    seen = [load(**dict(list(layers.items())[:count])).port for count in range(4)]
    assert seen == [5672, 1, 2, 3]


@pytest.mark.parametrize(
    ("theirs", "ours", "attribute"),
    [
        ("RABBITMQ_DEFAULT_USER", "LEVERET_USER", "user"),
        ("RABBITMQ_DEFAULT_PASS", "LEVERET_PASSWORD", "password"),
        ("RABBITMQ_DEFAULT_VHOST", "LEVERET_VHOST", "vhost"),
    ],
)
def test_rabbitmqs_variables_are_read_below_our_own(theirs, ours, attribute):
    assert getattr(load(environment={theirs: "a"}), attribute) == "a"
    assert getattr(load(environment={theirs: "a", ours: "b"}), attribute) == "b"


def test_an_empty_variable_counts_as_not_set():
    assert load(environment={"LEVERET_PORT": "", "LEVERET_USER": ""}) == load()


def test_several_hosts_in_each_layer():
    expected = ("10.0.0.1", "::")
    assert load(file_text='host = ["10.0.0.1", "::"]').hosts == expected
    assert load(environment={"LEVERET_HOST": "10.0.0.1, ::"}).hosts == expected
    assert load(flags={"host": "10.0.0.1,::"}).hosts == expected
    assert load(file_text='host = "::"').hosts == ("::",)


def test_a_whole_number_will_do_where_a_fraction_may_stand():
    assert load(file_text="handshake_timeout_s = 3").handshake_timeout_s == 3.0


@pytest.mark.parametrize("setting", [s for s in SETTINGS if s.kind in {int, float}], ids=lambda s: s.name)
def test_numbers_keep_their_bounds_in_every_layer(setting):
    for edge, beyond in ((setting.low, setting.low - 1), (setting.high, setting.high * 2)):
        assert setting.check(setting.kind(edge), "a test") == edge
        layers = [
            {"file_text": f"{setting.name} = {setting.kind(beyond)}", "file_name": "l.toml"},
            {"environment": {setting.variable: str(setting.kind(beyond))}},
            {"flags": {setting.name: str(setting.kind(beyond))}},
        ]
        for layer, source in zip(layers, ("l.toml", setting.variable, setting.flag), strict=True):
            with pytest.raises(ConfigError) as caught:
                load(**layer)
            text = str(caught.value)
            assert text.startswith(f"{setting.name}: ")
            assert f" from {source} " in text
            assert "number from" in text
            assert "\n" not in text


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (
            {"flags": {"port": "many"}},
            "port: the value 'many' from --port cannot be used; it must be a whole number from 0 to 65535",
        ),
        (
            {"environment": {"LEVERET_LOG_LEVEL": "loud"}},
            (
                "log_level: the value 'loud' from LEVERET_LOG_LEVEL cannot be used; "
                "it must be one of debug, info, warning, error"
            ),
        ),
        (
            {"file_text": "port = true", "file_name": "l.toml"},
            "port: the value True from l.toml cannot be used; it must be a whole number from 0 to 65535",
        ),
        (
            {"file_text": "host = []", "file_name": "l.toml"},
            "host: the value [] from l.toml cannot be used; it must be one or more host names or addresses",
        ),
        (
            {"flags": {"user": "u" * 256}},
            f"user: the value '{'u' * 256}' from --user cannot be used; it must be text of 1 to 255 bytes",
        ),
        ({"file_text": "prot = 1", "file_name": "l.toml"}, "prot: no such setting, in l.toml; did you mean 'port'?"),
        (
            {"flags": {"memory_limit_share": "nan"}},
            (
                "memory_limit_share: the value nan from --memory-limit-share cannot be used; "
                "it must be a number from 0.01 to 1"
            ),
        ),
    ],
)
def test_what_cannot_be_used_is_named_in_one_sentence(layer, sentence):
    with pytest.raises(ConfigError) as caught:
        load(**layer)
    assert str(caught.value) == sentence


def test_a_file_that_is_not_toml_is_named():
    with pytest.raises(ConfigError, match=r"^l\.toml is not a TOML file: .*line 1"):
        load(file_text="port: 1\n", file_name="l.toml")


def test_a_password_is_not_repeated():
    with pytest.raises(ConfigError) as caught:
        load(environment={"LEVERET_PASSWORD": "secret" * 50})
    assert "secret" not in str(caught.value)


def test_settings_given_in_a_program_are_checked_too():
    assert Config(port=0).port == 0
    with pytest.raises(ConfigError, match="port: the value -1 from an argument"):
        Config(port=-1)


def test_policies_come_from_the_file():
    text = """
        port = 1
        [[policies]]
        name = "short"
        pattern = "^work\\\\."
        apply_to = "queues"
        definition = { max-length = 1000, overflow = "reject-publish" }
        [[policies]]
        name = "rest"
        pattern = ""
        definition.alternate-exchange = "rest"
        [[operator_policies]]
        name = "most"
        pattern = ""
        definition = { expires = 86400000 }
    """
    config = load(file_text=text, flags={"port": "2"})
    assert config.port == 2
    assert [policy["name"] for policy in config.policies] == ["short", "rest"]
    assert config.policies[0] == {
        "name": "short",
        "pattern": r"^work\.",
        "apply_to": "queues",
        "definition": {"max-length": 1000, "overflow": "reject-publish"},
    }
    assert config.operator_policies == [{"name": "most", "pattern": "", "definition": {"expires": 86400000}}]
    assert load().policies == ()


@pytest.mark.parametrize("text", ["policies = 5", 'policies = "p"', "policies = [5]"])
def test_policies_are_tables(text):
    with pytest.raises(ConfigError, match=r"policies: it must be an array of tables, as \[\[policies\]\] begins one"):
        load(file_text=text)


def test_a_mistyped_table_is_told_what_is_near():
    with pytest.raises(ConfigError, match="polices: no such setting, in the file; did you mean 'policies'"):
        load(file_text="[[polices]]")
