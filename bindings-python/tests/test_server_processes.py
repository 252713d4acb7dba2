"""`start_http_server` and its process: the global lock, forks, and the end of the interpreter.

Every test is a program of its own, and the client is another one: what is tested is what a server does while the
interpreter is busy, gone or a copy.
"""

from __future__ import annotations

import sys

import pytest

HEAD = """
import os, signal, subprocess, sys, threading, time, warnings
# Python warns of every fork in a process with threads, which is what is tested here.
warnings.simplefilter("ignore", DeprecationWarning)
from tykmetrics import Counter, Gauge, Histogram, Registry, server, start_http_server
from tykmetrics.prometheus_client.metrics_core import GaugeMetricFamily

signal.alarm(100)  # A program that hangs ends, whatever becomes of the test.
registry = Registry()
counter = Counter("seen", "x", ["a"], registry=registry)
counter.labels("b").inc(7)
Histogram("took", "x", registry=registry).observe(1)
Gauge("level", "x", registry=registry).set(2)


class Collecting:
    def describe(self):
        return []

    def collect(self):
        return [GaugeMetricFamily("collected", "x", value=1)]


# Asks for a URL until standard input ends; a line for every answer.
CLIENT = '''
import os, sys, threading, urllib.request
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
while True:
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=60) as answer:
            os.write(1, b"True\\\\n" if b"seen_total" in answer.read() else b"False\\\\n")
    except OSError:
        pass
'''


def client(url):
    command = [sys.executable, "-c", CLIENT, url]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def get(url):
    import urllib.request

    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()
"""

HELD = """
import ctypes

if {collects}:
    registry.register(Collecting())
if {expires}:
    Counter("expires", "x", registry=registry, expire_after=3600)


class Poll(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]


sys.setswitchinterval(1000)
with start_http_server(0, registry=registry) as handle:
    asking = client(handle.url + "/{path}")
    assert asking.stdout.readline() == b"True\\n"  # The client runs.
    os.set_blocking(asking.stdout.fileno(), False)
    answers = 0
    # PyDLL keeps the lock of the interpreter while it calls.
    poll = ctypes.PyDLL(None).poll
    while asking.stdout.read() is not None:
        pass  # What was answered before is not counted.
    entry = Poll(asking.stdout.fileno(), 1, 0)
    # Several: the first answer may have been made before, and only been on its way.
    for _ in range(3):
        if poll(ctypes.byref(entry), 1, {patience}) == 1 and os.read(asking.stdout.fileno(), 5) == b"True\\n":
            answers += 1
    asking.stdin.close()
    asking.wait()
print(answers)
"""


@pytest.mark.parametrize("path", ["metrics", "metrics?name[]=seen_total"])
def test_native_families_are_scraped_while_the_global_lock_is_held(succeeds, path):
    held = HELD.format(collects=False, expires=False, path=path, patience=60_000)
    assert succeeds(HEAD + held) == "3\n"


@pytest.mark.parametrize(("collects", "expires"), [(True, False), (False, True)])
def test_what_is_of_python_waits_for_the_lock(succeeds, collects, expires):
    # That the test above can fail: at most the answer that was on its way comes.
    held = HELD.format(collects=collects, expires=expires, path="metrics", patience=500)
    assert int(succeeds(HEAD + held)) < 2


ENDS = {
    "idle": "",
    "native": "asking = client(url); asking.stdout.readline()",
    "collecting": "registry.register(Collecting()); asking = client(url); asking.stdout.readline()",
    "collecting slowly": """
class Slow(Collecting):
    def collect(self):
        for _ in range(20):
            time.sleep(0.001)
        return super().collect()
registry.register(Slow())
level = Gauge("function", "x", registry=registry)
level.set_function(lambda: time.sleep(0.001) or 1)
asking = client(url); asking.stdout.readline()
""",
    "recording": """
registry.register(Collecting())
asking = client(url)
def record():
    while True:
        counter.labels("b").inc()
for _ in range(2):
    threading.Thread(target=record, daemon=True).start()
asking.stdout.readline()
""",
}


@pytest.mark.parametrize("how", ["falls off", "raises", "exits"])
@pytest.mark.parametrize("meanwhile", ENDS)
def test_the_interpreter_ends_while_it_serves(program, meanwhile, how):
    last = {"falls off": "", "raises": "raise ValueError('on purpose')", "exits": "sys.exit(3)"}[how]
    ended = program(
        HEAD + "url = start_http_server(0, registry=registry).url + '/metrics'\n" + ENDS[meanwhile] + f"\n{last}\n"
    )
    assert ended.returncode == {"falls off": 0, "raises": 1, "exits": 3}[how], ended.stderr
    assert ("on purpose" in ended.stderr) == (how == "raises")
    if how != "raises":
        assert ended.stderr == ""


@pytest.mark.parametrize("waits", ["threading.Event().wait()", "time.sleep(1000)", "os.read(os.pipe()[0], 1)"])
def test_a_collector_that_never_returns_does_not_keep_the_process(program, waits):
    ended = program(
        HEAD
        + f"""
entered = threading.Event()
class Hanging:
    def describe(self):
        return []
    def collect(self):
        entered.set()
        {waits}
registry.register(Hanging())
url = start_http_server(0, registry=registry, config={{"shutdown_grace": "100ms"}}).url + "/metrics"
asking = client(url)
entered.wait()
print("end", flush=True)
"""
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "end\n", "")


def test_at_the_end_a_running_scrape_is_answered_and_a_socket_file_removed(succeeds, tmp_path):
    said = succeeds(
        HEAD
        + f"""
entered = threading.Event()
class Slow(Collecting):
    def collect(self):
        entered.set()
        time.sleep(1)
        return super().collect()
registry.register(Slow())
url = start_http_server(0, registry=registry).url + "/metrics"
start_http_server(addr="unix:{tmp_path}/metrics.sock", registry=registry)
assert os.path.exists("{tmp_path}/metrics.sock")
once = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=60).read().decode())"
subprocess.Popen([sys.executable, "-c", once, url])
entered.wait()
"""
    )
    assert "\ncollected 1.0\n" in said or "\ncollected 1\n" in said
    assert not (tmp_path / "metrics.sock").exists()


FORKS = """
registry.register(Collecting())
Gauge("function", "x", registry=registry).set_function(lambda: 1)
handle = start_http_server(0, registry=registry)
clients = [client(handle.url + "/metrics") for _ in range(2)]
for asking in clients:
    assert asking.stdout.readline() == b"True\\n"


def end():
    # A child that lives holds the pipes that would tell them.
    for asking in clients:
        asking.kill()
        asking.wait()
"""


def test_a_forked_child_neither_serves_nor_hangs_nor_keeps_the_port(succeeds):
    said = succeeds(
        HEAD
        + FORKS
        + """
import socket

for last in [False] * 30 + [True]:
    hold, go = os.pipe()
    ready, is_ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(100)
        os.close(go)
        assert handle.closed and not server._RUNNING
        handle.close()
        # A server of its own, of its own numbers.
        counter.labels("b").inc(2)
        with start_http_server(0, registry=registry) as own:
            assert 'seen_total{a="b"} 2' in get(own.url + "/metrics")
        os.write(is_ready, b"x")
        os.read(hold, 1)
        sys.exit(5)
    os.close(hold)
    os.close(is_ready)
    assert os.read(ready, 1) == b"x"
    os.close(ready)
    if not last:
        os.close(go)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
# The parent goes on, ends, and its port is free while a child lives.
assert 'seen_total{a="b"} 7' in get(handle.url + "/metrics")
end()
handle.close()
socket.create_server(("127.0.0.1", handle.port)).close()
os.close(go)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
print("done")
"""
    )
    assert said == "done\n"


# Newer ones take nothing without the global lock that a child would wait for.
ONCE_HANGING = 1000 if sys.version_info < (3, 12) else 50


def test_forks_while_threads_of_the_server_come_to_the_interpreter(succeeds):
    # Before a fork waited for them, a child now and then waited for ever, on Python 3.10 and 3.11.
    said = succeeds(
        HEAD
        + """
for number in range(20):
    registry.register(Collecting())
    Gauge(f"function_{number}", "x", registry=registry).set_function(lambda: 1)
"""
        + FORKS
        + f"for _ in range({ONCE_HANGING}):"
        + """
    pid = os.fork()
    if pid == 0:
        os._exit(5)
    limit = time.monotonic() + 30
    ended = 0, 0
    while not ended[0] and time.monotonic() < limit:
        ended = os.waitpid(pid, os.WNOHANG)
        time.sleep(0.0005)
    if not ended[0]:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(ended[1]) == 5
end()
handle.close()
print("done")
"""
    )
    assert said == "done\n"


def test_a_fork_that_fails_and_one_in_a_hook_of_another_leave_the_server_serving(succeeds):
    said = succeeds(
        """
import os
# Registered first, so that it runs last, when the outer fork waits for nobody any more.
inner = []
def fork_again():
    if not inner:
        inner.append(None)
        pid = os.fork()
        if pid == 0:
            os._exit(6)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 6
        inner.append(pid)
os.register_at_fork(before=fork_again)
"""
        + HEAD
        + FORKS
        + """
import resource

assert "collected 1" in get(handle.url + "/metrics")  # All that is imported for it can be read by this user.
pid = os.fork()
if pid == 0:
    os._exit(5)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
assert len(inner) == 2, "the hook forked"
end()
_, hard = resource.getrlimit(resource.RLIMIT_NPROC)
if os.getuid() == 0:
    os.setuid(54321)  # The limit is not root's.
resource.setrlimit(resource.RLIMIT_NPROC, (0, hard))
try:
    if os.fork() == 0:
        os._exit(0)
    print("not refused")
except BlockingIOError:
    pass
resource.setrlimit(resource.RLIMIT_NPROC, (hard, hard))
assert "collected 1" in get(handle.url + "/metrics")
handle.close()
print("done")
"""
    )
    assert said == "done\n"


def test_threads_that_fork_at_once_and_hooks_that_wait_for_each_other(succeeds):
    # As logging's hook, registered before ours: it runs after it, and waits for a lock of another thread that forks.
    said = succeeds(
        """
import os, threading
lock = threading.RLock()
os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
"""
        + HEAD
        + FORKS
        + """
def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(5)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5


done = []
def fork_with_the_lock():
    for _ in range(50):
        with lock:
            fork()
    done.append(None)
threads = [threading.Thread(target=fork_with_the_lock) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(50):
    fork()
for thread in threads:
    thread.join()
assert len(done) == 2
end()
handle.close()
print("done")
"""
    )
    assert said == "done\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing_serve_their_own(succeeds, method):
    said = succeeds(
        """
import multiprocessing, os, urllib.request, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from tykmetrics import Counter, Registry, start_http_server


def work(number):
    registry = Registry()
    Counter("seen", "x", registry=registry).inc(number)
    with start_http_server(0, registry=registry) as handle:
        with urllib.request.urlopen(handle.url + "/metrics", timeout=60) as answer:
            return f"seen_total {number}\\n" in answer.read().decode()


if __name__ == "__main__":
    assert work(5)
    handle = start_http_server(0, registry=Registry())
    with multiprocessing.get_context(os.environ["METHOD"]).Pool(2) as pool:
        assert pool.map(work, range(6)) == [True] * 6
        assert work(7)
        pool.close()
        pool.join()
    print("done")
""",
        METHOD=method,
    )
    assert said == "done\n"


def test_what_the_server_says_later_is_told_by_a_thread_that_is_none_of_its_own(succeeds):
    # Descriptors run out: the server's own thread has something to say, and may not wait for the interpreter.
    said = succeeds(
        HEAD
        + """
import ctypes, logging, resource, socket

said = []
class Keep(logging.Handler):
    def emit(self, record):
        name = ctypes.create_string_buffer(16)
        ctypes.CDLL(None).prctl(16, name)  # PR_GET_NAME: there is no descriptor to read it by.
        said.append((record.levelname, record.getMessage(), name.value.decode()))
logging.getLogger("tykmetrics").addHandler(Keep())
with start_http_server(0, registry=registry) as handle:
    connection = socket.socket()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    connection.connect(("127.0.0.1", handle.port))
    limit = time.monotonic() + 60
    while not said and time.monotonic() < limit:
        time.sleep(0.01)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    connection.sendall(b"GET /health HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
    assert connection.recv(100).startswith(b"HTTP/1.1 200")
    connection.close()
(level, message, thread), = said
assert (level, thread) == ("WARNING", "tykmetrics-log")
assert "cannot be accepted" in message, message
print("done")
"""
    )
    assert said == "done\n"
