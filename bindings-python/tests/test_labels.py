"""Labels, names and registration: what every kind has in common."""

from __future__ import annotations

import time

import pytest

import tykmetrics

KINDS = ["Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"]


def make(library, kind, name="m", labels=(), **options):
    """Make a metric of any kind."""
    if kind == "Enum":
        options = {"states": ["on", "off"], **options}
    return getattr(library, kind)(name, "Help.", labels, **options)


def record(metric, kind):
    """Record once, in the way of the kind."""
    if kind == "Enum":
        metric.state("on")
    elif kind == "Info":
        metric.info({"v": "1"})
    elif kind == "Gauge":
        metric.set(1)
    elif kind == "Counter":
        metric.inc()
    else:
        metric.observe(1)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_given_by_place_or_by_name(library, registry, kind):
    metric = make(library, kind, labels=["a", "b"], registry=registry)
    first = metric.labels("1", "2")
    record(first, kind)
    assert metric.labels(a="1", b="2") is first
    assert metric.labels(b="2", a="1") is first
    assert metric.labels("1", "3") is not first


def test_label_values_are_what_str_makes_of_them(library, registry):
    counter = library.Counter("c", "Help.", ["a", "b"], registry=registry)

    class Named:
        def __str__(self):
            return "named"

    counter.labels(1, None).inc()
    counter.labels(b=None, a=1).inc()
    counter.labels("1", "None").inc()
    counter.labels(Named(), 1.5).inc()
    counter.labels(True, b"x").inc()
    assert registry.get_sample_value("c_total", {"a": "1", "b": "None"}) == 3
    assert registry.get_sample_value("c_total", {"a": "named", "b": "1.5"}) == 1
    assert registry.get_sample_value("c_total", {"a": "True", "b": "b'x'"}) == 1


def test_values_that_are_equal_but_print_differently_are_series_of_their_own(library, registry):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    for value in (1, 1.0, True, 0, False, -0.0, 0.0):
        counter.labels(value).inc()
    for value in ("1", "1.0", "True", "0", "False", "-0.0", "0.0"):
        assert registry.get_sample_value("c_total", {"a": value}) == 1


def test_an_object_that_prints_differently_later_is_another_series_later(library, registry):
    class Fickle:
        now = "before"

        def __str__(self):
            return self.now

    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    fickle = Fickle()
    counter.labels(fickle).inc()
    fickle.now = "after"
    counter.labels(fickle).inc()
    assert registry.get_sample_value("c_total", {"a": "before"}) == 1
    assert registry.get_sample_value("c_total", {"a": "after"}) == 1


@pytest.mark.parametrize("value", ["", "ä€😀", 'a"b', "a\\b", "a\nb", " ", "\x00", "x" * 10_000])
def test_any_text_is_a_label_value(library, registry, value):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    counter.labels(value).inc()
    counter.labels(a=value).inc()
    assert registry.get_sample_value("c_total", {"a": value}) == 2


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        (("1",), {}),
        (("1", "2", "3"), {}),
        (("1",), {"b": "2"}),
        ((), {"a": "1"}),
        ((), {"a": "1", "c": "2"}),
        ((), {"a": "1", "b": "2", "c": "3"}),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_labels_that_are_not_the_metrics_are_refused(library, registry, text, kind, values, named):
    metric = make(library, kind, labels=["a", "b"], registry=registry)
    before = text()
    with pytest.raises(ValueError, match="(?i)label|args"):
        metric.labels(*values, **named)
    assert text() == before


def test_a_message_names_the_metric_and_its_labels(door, registry):
    counter = door.Counter("requests", "Help.", ["method", "code"], registry=registry)
    with pytest.raises(ValueError, match=r"requests.*method.*code|method.*code.*requests"):
        counter.labels("GET")
    with pytest.raises(ValueError, match=r"requests.*method.*code|method.*code.*requests"):
        counter.labels(verb="GET", code="200")


@pytest.mark.parametrize("kind", KINDS)
def test_a_metric_without_labels_takes_none(library, registry, kind):
    metric = make(library, kind, registry=registry)
    with pytest.raises(ValueError, match="(?i)label"):
        metric.labels("1")


@pytest.mark.parametrize("kind", KINDS)
def test_a_series_takes_no_more_labels(library, registry, kind):
    series = make(library, kind, labels=["a"], registry=registry).labels("1")
    with pytest.raises(ValueError, match="(?i)labels"):
        series.labels("2")


@pytest.mark.parametrize("kind", ["Counter", "Gauge", "Histogram", "Summary", "Enum"])
def test_a_family_with_labels_records_nothing_itself(library, registry, kind):
    metric = make(library, kind, labels=["a"], registry=registry)
    with pytest.raises(ValueError, match="(?i)label"):
        record(metric, kind)


@pytest.mark.parametrize("method", ["time", "track_inprogress", "count_exceptions", "set_function"])
def test_neither_do_its_helpers(library, registry, method):
    if method in ("track_inprogress", "set_function"):
        family = library.Gauge("m", "Help.", ["a"], registry=registry)
    else:
        family = library.Counter("m", "Help.", ["a"], registry=registry)
    arguments = (lambda: 1,) if method == "set_function" else ()
    if method == "time":
        family = library.Histogram("h", "Help.", ["a"], registry=registry)
        with pytest.raises(ValueError, match="(?i)label"), family.time():
            pass
    else:
        with pytest.raises(ValueError, match="(?i)label"):
            getattr(family, method)(*arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_a_removed_series_is_gone_and_may_come_again(library, registry, text, kind):
    metric = make(library, kind, labels=["a", "b"], registry=registry)
    record(metric.labels("1", "2"), kind)
    record(metric.labels("3", "4"), kind)
    metric.remove("1", "2")
    assert 'a="1"' not in text()
    assert 'a="3"' in text()
    metric.remove("1", "2")  # It is gone already, which is what was asked for.
    record(metric.labels("1", "2"), kind)
    assert 'a="1"' in text()
    metric.clear()
    assert 'a="' not in text()


def test_a_removed_series_begins_again_from_zero(library, registry):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    counter.labels("x").inc(5)
    counter.remove("x")
    assert registry.get_sample_value("c_total", {"a": "x"}) is None
    counter.labels("x").inc()
    assert registry.get_sample_value("c_total", {"a": "x"}) == 1


def test_what_is_recorded_to_a_removed_series_is_nobodys(library, registry, text):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    kept = counter.labels("x")
    kept.inc()
    counter.remove("x")
    kept.inc(100)
    counter.labels("x").inc()
    counter.labels("y").inc()
    assert registry.get_sample_value("c_total", {"a": "x"}) == 1
    assert registry.get_sample_value("c_total", {"a": "y"}) == 1


def test_series_are_removed_by_some_of_their_labels(library, registry):
    counter = library.Counter("c", "Help.", ["a", "b"], registry=registry)
    for a in "12":
        for b in "34":
            counter.labels(a, b).inc()
    counter.remove_by_labels({"a": "1"})
    left = {(s.labels["a"], s.labels["b"]) for f in registry.collect() for s in f.samples if s.name == "c_total"}
    assert left == {("2", "3"), ("2", "4")}
    counter.remove_by_labels({})
    with pytest.raises(ValueError, match="(?i)label"):
        counter.remove_by_labels({"c": "1"})
    with pytest.raises(TypeError):
        counter.remove_by_labels(["a"])
    assert registry.get_sample_value("c_total", {"a": "2", "b": "3"}) == 1


@pytest.mark.parametrize("values", [(), ("1",), ("1", "2", "3")])
def test_a_wrong_number_of_labels_removes_nothing(library, registry, values):
    counter = library.Counter("c", "Help.", ["a", "b"], registry=registry)
    counter.labels("1", "2").inc()
    with pytest.raises(ValueError, match="(?i)label"):
        counter.remove(*values)
    assert registry.get_sample_value("c_total", {"a": "1", "b": "2"}) == 1


def test_a_metric_without_labels_has_nothing_to_remove(library, registry):
    counter = library.Counter("c", "Help.", registry=registry)
    counter.inc()
    with pytest.raises(ValueError, match="(?i)label"):
        counter.remove("1")
    counter.clear()
    assert registry.get_sample_value("c_total") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_is_taken_once(library, registry, text, kind):
    make(library, kind, registry=registry)
    before = text()
    for other in KINDS:
        with pytest.raises(ValueError, match=r"(?i)duplicate|already|taken"):
            make(library, other, registry=registry)
    assert text() == before


def test_names_that_would_print_the_same_sample_collide(library, registry):
    library.Histogram("h", "Help.", registry=registry)
    for taken in ("h_count", "h_sum", "h_bucket"):
        with pytest.raises(ValueError, match=r"(?i)duplicate|already|taken|conflict"):
            library.Gauge(taken, "Help.", registry=registry)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "labels"), [("", []), ("m", ["__reserved"])])
def test_names_that_break_the_rules_are_refused(library, registry, text, kind, name, labels):
    with pytest.raises(ValueError, match="(?i)name|label"):
        make(library, kind, name, labels, registry=registry)
    assert "m" not in text()


def test_names_may_be_any_utf8(library, registry, text):
    library.Counter("http.größe", "Help.", ["a.b"], registry=registry).labels("x").inc()
    assert registry.get_sample_value("http.größe_total", {"a.b": "x"}) == 1
    assert text()


def test_a_name_has_a_namespace_a_subsystem_and_a_unit(library, registry):
    library.Counter("c", "Help.", namespace="n", subsystem="s", unit="bytes", registry=registry).inc()
    library.Gauge("g_seconds", "Help.", namespace="n", unit="seconds", registry=registry).set(1)
    assert registry.get_sample_value("n_s_c_bytes_total") == 1
    assert registry.get_sample_value("n_g_seconds") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_metric_may_be_in_no_registry_and_be_registered_later(library, registry, text, kind):
    metric = make(library, kind, registry=None)
    record(metric, kind)
    assert "m" not in text()
    registry.register(metric)
    assert "# TYPE m" in text()
    registry.unregister(metric)
    assert "m" not in text()
    make(library, kind, registry=registry)


def test_a_metric_may_be_in_two_registries(library, registry):
    other = type(registry)()
    counter = library.Counter("c", "Help.", registry=registry)
    other.register(counter)
    counter.inc(2)
    assert registry.get_sample_value("c_total") == other.get_sample_value("c_total") == 2


def test_a_metric_may_be_subclassed(library, registry):
    class Requests(library.Counter):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.extra = []

        def inc_twice(self):
            self.inc()
            self.inc()

    counter = Requests("c", "Help.", ["a"], registry=registry)
    child = counter.labels("x")
    assert isinstance(child, Requests)
    child.inc_twice()
    assert child.extra == []
    assert registry.get_sample_value("c_total", {"a": "x"}) == 2


def test_attributes_may_be_hung_on_a_metric(library, registry):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    counter.note = "mine"
    counter.labels("x").note = "its"
    assert (counter.note, counter.labels("x").note) == ("mine", "its")


def test_series_that_nobody_holds_expire():
    ours, registry = tykmetrics, tykmetrics.Registry()
    family = ours.Counter("f", "Help.", ["a"], registry=registry, expire_after=0.2)
    held = family.labels("held")
    for value in ("idle", "idle", "busy"):
        family.labels(value).inc()
    family.labels(a="idle").inc()

    def shown():
        text = ours.render("text", registry=registry).decode()
        return {value for value in ("held", "idle", "busy") if f'f_total{{a="{value}"}}' in text}

    assert shown() == {"held", "idle", "busy"}
    for _ in range(6):
        time.sleep(0.1)
        family.labels("busy").inc()
        left = shown()
    assert left == {"held", "busy"}
    held.inc()
    family.labels("idle").inc()
    assert registry.get_sample_value("f_total", {"a": "idle"}) == 1
    assert shown() == {"held", "idle", "busy"}


@pytest.mark.parametrize("names", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_too_few_values_are_refused_also_after_empty_ones_were_given(library, registry, names):
    """The hash of nothing is that of empty texts."""
    counter = library.Counter("c", "Help.", names, registry=registry)
    counter.labels(*[""] * len(names)).inc()
    for given in range(len(names)):
        with pytest.raises(ValueError, match="Incorrect label count"):
            counter.labels(*[""] * given)
    with pytest.raises(ValueError, match="Incorrect label"):
        counter.labels()


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"limit": -1}, ValueError, "limit of 'm' is -1"),
        ({"limit": 1 << 32}, ValueError, "limit of 'm'"),
        ({"limit": "x"}, TypeError, "limit of 'm' is a number of series, not 'x'"),
        ({"documentation": None}, TypeError, "documentation of 'm' is a str, not NoneType"),
    ],
)
def test_options_of_the_wrong_kind_are_refused_by_name(registry, options, error, says):
    with pytest.raises(error, match=says):
        tykmetrics.Gauge("m", **{"documentation": "Help.", "registry": registry, **options})


def test_beyond_a_familys_limit_every_method_of_a_child_works(registry):
    counter = tykmetrics.Counter("c", "Help.", ["a"], registry=registry, limit=2)
    gauge = tykmetrics.Gauge("g", "Help.", ["a"], registry=registry, limit=2)
    histogram = tykmetrics.Histogram("h", "Help.", ["a"], registry=registry, limit=2)
    info = tykmetrics.Info("i", "Help.", ["a"], registry=registry, limit=2)
    enum = tykmetrics.Enum("e", "Help.", ["a"], registry=registry, limit=2, states=["on", "off"])
    for metric in (counter, gauge, histogram, info, enum):
        # "true" is what the label of the overflow series says, under another name.
        for value in ("true", "b", "beyond"):
            metric.labels(value)
    beyond = [metric.labels("beyond") for metric in (counter, gauge, histogram, info, enum)]
    with beyond[1].track_inprogress():
        assert beyond[1]._value.get() == 1
    with pytest.raises(KeyError), beyond[0].count_exceptions():
        raise KeyError
    with beyond[2].time():
        pass
    beyond[1].set_function(lambda: 7)
    beyond[3].info({"version": "1"})
    beyond[4].state("off")
    counter.labels("true").inc(5)
    overflow = {"otel_metric_overflow": "true"}
    assert registry.get_sample_value("c_total", overflow) == 1
    assert registry.get_sample_value("g", overflow) == 7
    assert registry.get_sample_value("h_count", overflow) == 1
    assert registry.get_sample_value("e", {"e": "off", **overflow}) == 1
    # Of a child its own samples are told, without the labels it was given.
    assert [sample[:3] for sample in beyond[0].collect()[0].samples if sample.name == "c_total"] == [("c_total", {}, 1)]
    own = counter.labels("true").collect()[0].samples
    assert [sample[:3] for sample in own if sample.name == "c_total"] == [("c_total", {}, 5)]
    beyond[0].reset()
    assert registry.get_sample_value("c_total", overflow) == 0


@pytest.mark.parametrize(
    ("kind", "options", "names"),
    [
        ("Counter", {"expire_after": "x"}, 'counter "c_total": expire_after'),
        ("Counter", {"const_labels": {"a": 3}}, 'counter "c_total": const_labels'),
        ("Histogram", {"range": 3}, 'histogram "c": range'),
        ("Summary", {"quantiles": "0.5"}, 'summary "c": quantiles'),
        ("Enum", {"states": [1]}, 'stateset "c": states'),
    ],
)
def test_an_option_of_the_wrong_type_is_named_with_its_metric(registry, kind, options, names):
    with pytest.raises(TypeError, match=f"{names} has the wrong type"):
        make(tykmetrics, kind, "c", registry=registry, **options)
    assert tykmetrics.render("text", registry=registry) == b""
