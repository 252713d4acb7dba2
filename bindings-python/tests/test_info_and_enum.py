"""Infos and enums, as prometheus_client's users know them."""

from __future__ import annotations

import pytest

from tykmetrics import Enum, Info, Registry, render


def states(registry, name="e", **labels):
    """Tell which states hold."""
    found = {}
    for family in registry.collect():
        for sample in family.samples:
            rest = {key: value for key, value in sample.labels.items() if key != name}
            if sample.name == name and rest == labels:
                found[sample.labels[name]] = sample.value
    return found


def test_an_info_has_the_labels_it_was_given_last(library, registry):
    info = library.Info("i", "Help.", registry=registry)
    info.info({"version": "1", "host": "a"})
    info.info({"version": "2"})
    assert registry.get_sample_value("i_info", {"version": "2"}) == 1
    assert registry.get_sample_value("i_info", {"version": "1", "host": "a"}) is None


def test_an_info_begins_empty(library, registry):
    library.Info("i", "Help.", registry=registry)
    assert registry.get_sample_value("i_info", {}) == 1


def test_an_info_may_have_labels_beside(library, registry):
    info = library.Info("i", "Help.", ["a"], registry=registry)
    info.labels("x").info({"version": "1"})
    assert registry.get_sample_value("i_info", {"a": "x", "version": "1"}) == 1
    with pytest.raises(ValueError, match="(?i)overlap"):
        info.labels("x").info({"a": "again"})
    assert registry.get_sample_value("i_info", {"a": "x", "version": "1"}) == 1


def test_an_info_refuses_none(library, registry):
    info = library.Info("i", "Help.", registry=registry)
    info.info({"version": "1"})
    with pytest.raises(ValueError, match="None"):
        info.info({"version": None})
    assert registry.get_sample_value("i_info", {"version": "1"}) == 1


def test_an_enum_is_in_one_state(library, registry):
    enum = library.Enum("e", "Help.", states=["starting", "running", "stopped"], registry=registry)
    assert states(registry) == {"starting": 1, "running": 0, "stopped": 0}
    enum.state("running")
    assert states(registry) == {"starting": 0, "running": 1, "stopped": 0}


def test_an_enum_has_a_state_for_each_of_its_series(library, registry):
    enum = library.Enum("e", "Help.", ["a"], states=("on", "off"), registry=registry)
    enum.labels("x").state("off")
    enum.labels(a="y")
    assert states(registry, a="x") == {"on": 0, "off": 1}
    assert states(registry, a="y") == {"on": 1, "off": 0}


def test_a_state_that_is_none_is_refused(library, registry):
    enum = library.Enum("e", "Help.", states=["on", "off"], registry=registry)
    enum.state("off")
    with pytest.raises(ValueError):
        enum.state("broken")
    assert states(registry) == {"on": 0, "off": 1}


@pytest.mark.parametrize(("labels", "options"), [([], {}), ([], {"states": []}), (["e"], {"states": ["on"]})])
def test_an_enum_without_states_or_with_its_name_as_a_label_is_refused(library, registry, labels, options):
    with pytest.raises(ValueError, match="(?i)states|overlap"):
        library.Enum("e", "Help.", labels, registry=registry, **options)
    assert not states(registry)


@pytest.mark.parametrize("kind", ["Info", "Enum"])
def test_neither_has_a_unit(library, registry, kind):
    options = {"states": ["on"]} if kind == "Enum" else {}
    with pytest.raises(ValueError, match="unit"):
        getattr(library, kind)("x", "Help.", unit="seconds", registry=registry, **options)


def test_an_info_keeps_the_whole_name_it_was_given(library, registry):
    """What is called `build_info` is written as `build_info_info`, as prometheus_client does."""
    info = library.Info("build_info", "Help.", registry=registry)
    info.info({"version": "1"})
    library.Info("other", "Help.", registry=registry)
    assert registry.get_sample_value("build_info_info", {"version": "1"}) == 1
    assert str(info) == "info:build_info"
    assert [family.name for family in registry.collect()] == ["build_info", "other"]
    registry.unregister(info)
    assert [family.name for family in registry.collect()] == ["other"]


def test_an_info_is_rendered_by_its_whole_name():
    registry = Registry()
    info = Info("build_info", "Help.", registry=registry)
    info.info({"version": "1"})
    assert 'build_info_info{version="1"} 1\n' in render("text", registry).decode()
    registry.unregister(info)
    assert "build_info" not in render("text", registry).decode()


def test_the_labels_of_an_enum_are_no_text(registry):
    with pytest.raises(ValueError, match="labelnames of 'e' is a sequence of names, not the string 'ab'"):
        Enum("e", "Help.", "ab", states=["x"], registry=registry)
