"""Downloads from a local server that is slow, cuts off, lies or is absent, and conversions."""

import hashlib
import io
import os
import pickle
import resource
import socket
import subprocess
import sys
import tarfile
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
from torchvision import datasets

from sdtutorial.networks import data, download
from sdtutorial.networks.download import File, Patience, Source

BRISK = Patience(speed_floor=0, timeout=10, attempts=2, pause=0.01)
HURRIED = replace(BRISK, speed_floor=1e6, window=0.3)
CONTENT = np.random.default_rng(0).bytes(1_000_000)


def file_at(url, content=CONTENT, name="file.bin", algorithm="md5"):
    return File(name, url, len(content), algorithm, hashlib.new(algorithm, content).hexdigest())


class Host:
    """A server on this machine whose behaviour a test sets, and which notes what it was asked.

    `behaviour(handler, content, start)` answers a request for the content from a byte on.
    """

    def __init__(self, behaviour, content=CONTENT):
        self.content, self.behaviour, self.starts = content, behaviour, []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked = self.headers["Range"]
                start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
                host.starts.append(start)
                try:
                    host.behaviour(self, host.content, start)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the client gave up, as it should

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/file"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def head(handler, content, start, ranges=True):
    if start and ranges:
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    else:
        start = 0
        handler.send_response(200)
    handler.send_header("Content-Length", str(len(content) - start))
    handler.end_headers()
    return content[start:]


def honest(handler, content, start):
    handler.wfile.write(head(handler, content, start))


def ignoring_ranges(handler, content, start):
    handler.wfile.write(head(handler, content, start, ranges=False))


def cutting_off(after, ranges=True):
    """Deliver at most so many bytes a connection."""

    def behaviour(handler, content, start):
        handler.wfile.write(head(handler, content, start, ranges)[:after])

    return behaviour


def slow(bytes_per_second):
    def behaviour(handler, content, start):
        rest = head(handler, content, start)
        step = max(1, bytes_per_second // 50)
        for k in range(0, len(rest), step):
            handler.wfile.write(rest[k : k + step])
            time.sleep(0.02)

    return behaviour


def lying(handler, content, start):
    """Deliver as many bytes as expected, but others."""
    honest(handler, bytes(len(content)), start)


def failing(code):
    def behaviour(handler, content, start):
        handler.send_response(code)
        handler.send_header("Content-Length", "6")
        handler.end_headers()
        handler.wfile.write(b"sorry\n")

    return behaviour


def in_turn(*behaviours):
    """Behave in one way after the other, and stay with the last."""
    left = list(behaviours)

    def behaviour(handler, content, start):
        (left.pop(0) if len(left) > 1 else left[0])(handler, content, start)

    return behaviour


@pytest.fixture
def serve():
    hosts = []

    def start(behaviour, content=CONTENT):
        hosts.append(Host(behaviour, content))
        return hosts[-1]

    yield start
    for host in hosts:
        host.stop()


@pytest.fixture
def absent():
    """An address at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # held, not listening: nobody else can take the port
        yield f"http://127.0.0.1:{held.getsockname()[1]}/file"


class Python2Pickler(pickle.Pickler):
    """Writes array types as Python 2 did, which is how the real files are written."""

    def reducer_override(self, value):
        if isinstance(value, np.dtype):
            return np.dtype, (value.str[1:], 0, 1), value.__reduce__()[2]
        return NotImplemented


def pickled(value):
    file = io.BytesIO()
    Python2Pickler(file, 2).dump(value)
    return file.getvalue()


def tar(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture(params=["cifar10", "cifar100"])
def miniature(request, monkeypatch):
    """A few random images that pass for CIFAR during a test, packed as the real ones are."""
    return make_miniature(request.param, monkeypatch)


@pytest.fixture
def miniature10(monkeypatch):
    return make_miniature("cifar10", monkeypatch)


def make_miniature(name, monkeypatch):
    rng = np.random.default_rng(1)
    kind = {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}[name]
    label_key = {"cifar10": "labels", "cifar100": "fine_labels"}[name]
    arrays, members = [], {}
    for attribute in ("train_list", "test_list"):
        images, labels, checksums = [], [], []
        for member, _ in getattr(kind, attribute):
            pixels = rng.integers(0, 256, (4, 3, 32, 32), dtype=np.uint8)  # colour, row, column
            numbers = rng.integers(0, len(data.CLASSES[name]), 4).tolist()
            content = pickled({"data": pixels.reshape(4, 3072), label_key: numbers})
            members[f"{kind.base_folder}/{member}"] = content
            checksums.append([member, hashlib.md5(content).hexdigest()])
            images.append(pixels.transpose(0, 2, 3, 1))
            labels.extend(numbers)
        monkeypatch.setattr(kind, attribute, checksums)
        arrays += [np.concatenate(images), np.array(labels)]
    content = pickled({kind.meta["key"]: list(data.CLASSES[name])})
    members[f"{kind.base_folder}/{kind.meta['filename']}"] = content
    monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": hashlib.md5(content).hexdigest()})
    monkeypatch.setitem(data.FINGERPRINTS, name, data.fingerprint(*arrays))
    packed = tar(members)

    def source(url, content=packed):
        return Source((replace(file_at(url, content), name=kind.filename),))

    return SimpleNamespace(
        name=name, arrays=arrays, members=members, tar=packed, source=source, kind=kind
    )


def assert_archive_holds(miniature, folder):
    loaded = data.load(miniature.name, folder=folder)
    assert loaded.fingerprint == data.fingerprint(*miniature.arrays)
    assert len(loaded.train_images) == len(miniature.arrays[0])


# One file


def test_a_file_arrives_whole_and_nothing_else_stays(serve, tmp_path):
    host = serve(honest)
    for algorithm in ("md5", "sha256"):
        path = download.fetch(file_at(host.url, algorithm=algorithm), tmp_path, patience=BRISK)
        assert path.read_bytes() == CONTENT
        assert list(tmp_path.iterdir()) == [path]
        path.unlink()


def test_a_file_that_is_there_is_not_fetched_again(tmp_path, absent):
    (tmp_path / "file.bin").write_bytes(CONTENT)
    assert download.fetch(file_at(absent), tmp_path, patience=BRISK).read_bytes() == CONTENT


def test_a_file_that_is_there_but_wrong_is_fetched_again(serve, tmp_path):
    (tmp_path / "file.bin").write_bytes(CONTENT[::-1])
    path = download.fetch(file_at(serve(honest).url), tmp_path, patience=BRISK)
    assert path.read_bytes() == CONTENT


def test_a_download_that_is_cut_off_goes_on_where_it_stopped(serve, tmp_path):
    host = serve(cutting_off(after=300_000))
    path = download.fetch(file_at(host.url), tmp_path, patience=BRISK)
    assert path.read_bytes() == CONTENT
    assert host.starts == [0, 300_000, 600_000, 900_000]


def test_a_later_process_goes_on_where_an_earlier_one_stopped(serve, tmp_path):
    host = serve(in_turn(cutting_off(400_000), failing(404)))
    with pytest.raises(download.UnavailableError, match="404"):
        download.fetch(file_at(host.url), tmp_path, patience=BRISK)
    host.behaviour = honest
    host.starts.clear()
    assert download.fetch(file_at(host.url), tmp_path, patience=BRISK).read_bytes() == CONTENT
    assert host.starts == [400_000]


def test_a_server_that_ignores_ranges_starts_the_file_again(serve, tmp_path):
    host = serve(in_turn(cutting_off(400_000), ignoring_ranges))
    assert download.fetch(file_at(host.url), tmp_path, patience=BRISK).read_bytes() == CONTENT
    assert host.starts == [0, 400_000]


def test_a_server_that_always_cuts_off_and_ignores_ranges_is_given_up(serve, tmp_path):
    host = serve(cutting_off(400_000, ranges=False))
    with pytest.raises(download.UnavailableError, match="ended early"):
        download.fetch(file_at(host.url), tmp_path, patience=BRISK)
    assert len(host.starts) <= 4


def test_bytes_kept_of_a_file_since_changed_do_not_spoil_the_new_one(serve, tmp_path):
    host = serve(in_turn(cutting_off(400_000), failing(404)), content=bytes(len(CONTENT)))
    with pytest.raises(download.UnavailableError):
        download.fetch(file_at(host.url), tmp_path, patience=BRISK)
    host.behaviour, host.content = honest, CONTENT
    host.starts.clear()
    assert download.fetch(file_at(host.url), tmp_path, patience=BRISK).read_bytes() == CONTENT
    assert host.starts == [400_000, 0]


def test_more_kept_bytes_than_the_server_has_are_thrown_away(serve, tmp_path):
    host = serve(in_turn(failing(416), honest))
    part = tmp_path / f"file.bin.127.0.0.1-{host.server.server_port}.part"
    part.write_bytes(bytes(500_000))
    assert download.fetch(file_at(host.url), tmp_path, patience=BRISK).read_bytes() == CONTENT
    assert host.starts == [500_000, 0]


def test_a_kept_part_longer_than_the_file_is_thrown_away(serve, tmp_path):
    host = serve(honest)
    part = tmp_path / f"file.bin.127.0.0.1-{host.server.server_port}.part"
    part.write_bytes(CONTENT + b"more")
    assert download.fetch(file_at(host.url), tmp_path, patience=BRISK).read_bytes() == CONTENT


def test_wrong_bytes_are_refused_and_not_kept(serve, tmp_path):
    host = serve(lying)
    with pytest.raises(download.UnavailableError, match="md5 is not the known one"):
        download.fetch(file_at(host.url), tmp_path, patience=BRISK)
    assert host.starts == [0]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"more", b""])
def test_a_file_of_another_size_is_refused_before_it_is_read(serve, tmp_path, content):
    host = serve(honest, content=content)
    with pytest.raises(download.UnavailableError, match=f"another file .{len(content)} bytes"):
        download.fetch(file_at(host.url), tmp_path, patience=BRISK)
    assert not list(tmp_path.iterdir())


def test_a_server_that_does_not_say_when_to_stop_is_stopped(serve, tmp_path):
    def endless(handler, content, start):
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(content)

    with pytest.raises(download.UnavailableError, match="more than the expected"):
        download.fetch(file_at(serve(endless).url), tmp_path, patience=BRISK)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 0


@pytest.mark.parametrize("code", [403, 404, 410])
def test_a_refusal_is_not_asked_twice(serve, tmp_path, code):
    host = serve(failing(code))
    with pytest.raises(download.UnavailableError, match=str(code)):
        download.fetch(file_at(host.url), tmp_path, patience=BRISK)
    assert len(host.starts) == 1


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_passing_failure_is_asked_again(serve, tmp_path, code):
    host = serve(in_turn(failing(code), honest))
    assert download.fetch(file_at(host.url), tmp_path, patience=BRISK).read_bytes() == CONTENT
    host = serve(failing(code))
    (tmp_path / "file.bin").unlink()
    with pytest.raises(download.UnavailableError, match=str(code)):
        download.fetch(file_at(host.url), tmp_path, patience=BRISK)
    assert len(host.starts) == BRISK.attempts


def test_an_absent_server_is_named(tmp_path, absent):
    with pytest.raises(download.UnavailableError, match=rf"{absent}.*[Rr]efused"):
        download.fetch(file_at(absent), tmp_path, patience=BRISK)


def test_an_answer_that_is_not_http_is_survived(serve, tmp_path):
    def babbling(handler, content, start):
        handler.wfile.write(b"\x00\x01 hello\r\n\r\n")

    with pytest.raises(download.UnavailableError, match="hello"):
        download.fetch(file_at(serve(babbling).url), tmp_path, patience=BRISK)


def test_a_server_that_falls_silent_is_left_after_the_timeout(serve, tmp_path):
    released = threading.Event()

    def stalling(handler, content, start):
        handler.wfile.write(head(handler, content, start)[:100_000])
        released.wait()

    host = serve(stalling)
    try:
        host.behaviour = in_turn(stalling, lambda *_: released.wait())
        began = time.monotonic()
        with pytest.raises(download.UnavailableError, match="timed out"):
            patience = replace(BRISK, timeout=0.5)
            download.fetch(file_at(host.url), tmp_path, patience=patience)
        assert time.monotonic() - began < 5
        assert host.starts == [0, 100_000, 100_000]
    finally:
        released.set()


def test_a_slow_server_is_left_within_a_window_or_two(serve, tmp_path):
    host = serve(slow(100_000))
    began = time.monotonic()
    with pytest.raises(download.TooSlowError, match="slow, .* kB/s") as caught:
        download.fetch(file_at(host.url), tmp_path, patience=HURRIED)
    assert 0.3 <= time.monotonic() - began < 3  # the whole file would take ten seconds
    assert 10_000 < caught.value.speed < 200_000


def test_a_server_that_drops_every_few_bytes_counts_as_slow(serve, tmp_path):
    host = serve(cutting_off(after=10))
    with pytest.raises(download.TooSlowError):
        download.fetch(file_at(host.url), tmp_path, patience=HURRIED)


def test_progress_ends_with_the_whole_file_and_never_falls(serve, tmp_path):
    seen = []
    host = serve(cutting_off(after=300_000))
    download.fetch(
        file_at(host.url), tmp_path, patience=BRISK, progress=lambda *call: seen.append(call)
    )
    done = [call[1] for call in seen]
    assert done == sorted(done) and done[-1] == len(CONTENT)
    assert {(name, total) for name, _, total in seen} == {("file.bin", len(CONTENT))}


def test_nothing_is_shown_where_there_is_no_terminal(serve, tmp_path, miniature10, capfd):
    source = miniature10.source(serve(honest, miniature10.tar).url)
    download.obtain("cifar10", folder=tmp_path, sources=(source,), patience=BRISK)
    assert capfd.readouterr() == ("", "")


def test_the_bar_shows_name_share_and_size_in_one_line():
    stream = io.StringIO()
    bar = download.ProgressBar(stream)
    for done in range(0, 1001, 10):
        bar("file.bin", done * 1000, 1_000_000)
    assert stream.getvalue().count("\n") == 1
    assert "file.bin  100% of 1 MB" in stream.getvalue()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_not_taken_for_a_failure_of_the_network(serve, tmp_path):
    host = serve(honest)
    part = tmp_path / f"file.bin.127.0.0.1-{host.server.server_port}.part"
    part.symlink_to("/dev/full")
    with pytest.raises(data.DataError, match="cannot write .*No space left.*SDTUTORIAL_DATA"):
        download.fetch(file_at(host.url), tmp_path, patience=BRISK)
    assert len(host.starts) == 1


# A data set


def test_the_known_checksums_are_torchvisions():
    for name, kind in (("cifar10", datasets.CIFAR10), ("cifar100", datasets.CIFAR100)):
        archives = [s.files[0] for s in download.SOURCES[name] if s.label_column is None]
        assert {(file.name, file.checksum) for file in archives} == {(kind.filename, kind.tgz_md5)}
        assert archives[-1].url == kind.url


def test_a_source_gives_the_archive_and_leaves_nothing_behind(serve, tmp_path, miniature):
    source = miniature.source(serve(honest, miniature.tar).url)
    archive = download.obtain(
        miniature.name, folder=tmp_path / "new", sources=(source,), patience=BRISK
    )
    assert_archive_holds(miniature, tmp_path / "new")
    assert {path.name for path in archive.parent.iterdir()} - {f"{miniature.name}.lock"} == {
        archive.name
    }


def test_load_fetches_what_is_missing(serve, tmp_path, miniature, monkeypatch):
    source = miniature.source(serve(honest, miniature.tar).url)
    monkeypatch.setitem(download.SOURCES, miniature.name, (source,))
    monkeypatch.setenv("SDTUTORIAL_DATA", str(tmp_path))
    loaded = data.load(miniature.name)
    order = np.lexsort(loaded.train_images.reshape(len(loaded.train_images), -1).T)
    images, labels = miniature.arrays[:2]
    expected = np.lexsort(images.reshape(len(images), -1).T)
    np.testing.assert_array_equal(loaded.train_images[order], images[expected])
    np.testing.assert_array_equal(loaded.train_labels[order], labels[expected])


def test_places_are_asked_in_order_until_one_delivers(serve, tmp_path, miniature10, absent):
    content = miniature10.tar
    hosts = [serve(b, content) for b in (failing(404), lying, honest, honest)]
    sources = [miniature10.source(url) for url in (absent, *(host.url for host in hosts))]
    download.obtain("cifar10", folder=tmp_path, sources=tuple(sources), patience=BRISK)
    assert_archive_holds(miniature10, tmp_path)
    assert [len(host.starts) for host in hosts] == [1, 1, 1, 0]


def test_if_all_places_are_slow_the_fastest_is_used_and_its_bytes_are_kept(
    serve, tmp_path, miniature10
):
    content = miniature10.tar  # about 80 kB
    slower, faster = serve(slow(40_000), content), serve(slow(120_000), content)
    sources = tuple(miniature10.source(host.url) for host in (slower, faster))
    download.obtain("cifar10", folder=tmp_path, sources=sources, patience=HURRIED)
    assert_archive_holds(miniature10, tmp_path)
    assert slower.starts == [0]
    assert len(faster.starts) == 2 and faster.starts[1] > 10_000
    assert not list(tmp_path.glob("*.part"))


def test_when_nothing_can_be_reached_the_error_says_which_files_to_put_where(
    serve, tmp_path, miniature10, absent
):
    host = serve(failing(500), miniature10.tar)
    sources = (miniature10.source(absent), miniature10.source(host.url))
    with pytest.raises(data.DataError) as caught:
        download.obtain("cifar10", folder=tmp_path, sources=sources, patience=BRISK)
    message = str(caught.value)
    for part in (
        absent,
        "efused",
        host.url,
        "500",
        str(tmp_path),
        f"cifar-10-python.tar.gz ({len(miniature10.tar):,} bytes, md5 ",
        hashlib.md5(miniature10.tar).hexdigest(),
    ):
        assert part in message
    # ... and following it works, without any network.
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(miniature10.tar)
    download.obtain("cifar10", folder=tmp_path, sources=sources[:1], patience=BRISK)
    assert_archive_holds(miniature10, tmp_path)
    assert (tmp_path / "cifar-10-python.tar.gz").exists()  # what a reader put there stays


def test_an_unpacked_directory_is_used_without_any_network(tmp_path, miniature, absent):
    with tarfile.open(fileobj=io.BytesIO(miniature.tar)) as archive:
        archive.extractall(tmp_path, filter="data")
    source = miniature.source(absent)
    download.obtain(miniature.name, folder=tmp_path, sources=(source,), patience=BRISK)
    assert_archive_holds(miniature, tmp_path)


def test_wrong_files_in_the_folder_are_named_and_passed_over(tmp_path, miniature10, absent):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(miniature10.tar[:-1])
    (tmp_path / "cifar-10-batches-py").mkdir()
    with pytest.raises(data.DataError) as caught:
        download.obtain(
            "cifar10", folder=tmp_path, sources=(miniature10.source(absent),), patience=BRISK
        )
    message = str(caught.value)
    assert f"{tmp_path / 'cifar-10-python.tar.gz'}: its size or checksum" in message
    assert f"{tmp_path / 'cifar-10-batches-py'}: Dataset not found or corrupted" in message


class Trace:
    """Leaves a directory where it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_nothing_is_unpickled_before_its_md5_matches(serve, tmp_path, miniature10):
    trace = tmp_path / "trace"
    member = "cifar-10-batches-py/data_batch_1"
    evil = tar({**miniature10.members, member: pickle.dumps(Trace(trace))})
    # A place that offers it, of another size or of the same: the archive's md5 differs.
    hosts = [serve(honest, evil), serve(honest, evil)]
    right_size = miniature10.source(hosts[1].url).files[0]
    sources = (
        miniature10.source(hosts[0].url),
        Source((replace(right_size, size=len(evil)),)),
    )
    with pytest.raises(data.DataError, match="md5 is not the known one"):
        download.obtain("cifar10", folder=tmp_path / "a", sources=sources, patience=BRISK)
    # Even if the archive's md5 were the known one, or it lay there unpacked, that of the file
    # inside it is not.
    accepted = (miniature10.source(hosts[0].url, evil),)
    with pytest.raises(data.DataError, match="corrupted"):
        download.obtain("cifar10", folder=tmp_path / "b", sources=accepted, patience=BRISK)
    with tarfile.open(fileobj=io.BytesIO(evil)) as archive:
        archive.extractall(tmp_path / "c", filter="data")
    with pytest.raises(data.DataError, match="corrupted"):
        download.obtain("cifar10", folder=tmp_path / "c", sources=(), patience=BRISK)
    assert not trace.exists()
    with open(tmp_path / "c" / member, "rb") as file:
        pickle.load(file)
    assert trace.exists()  # the trap was a trap


def test_images_with_another_fingerprint_are_refused(serve, tmp_path, miniature, monkeypatch):
    monkeypatch.setitem(data.FINGERPRINTS, miniature.name, "0" * 64)
    source = miniature.source(serve(honest, miniature.tar).url)
    with pytest.raises(data.DataError, match=f"these arrays are not {miniature.name}"):
        download.obtain(miniature.name, folder=tmp_path, sources=(source,), patience=BRISK)
    assert not data.archive_path(miniature.name, folder=tmp_path).exists()


def test_classes_in_another_order_are_refused(serve, tmp_path, miniature10, monkeypatch):
    names = data.CLASSES["cifar10"]
    monkeypatch.setitem(data.CLASSES, "cifar10", names[::-1])
    source = miniature10.source(serve(honest, miniature10.tar).url)
    with pytest.raises(data.DataError, match="the classes of .* are not those of cifar10"):
        download.obtain("cifar10", folder=tmp_path, sources=(source,), patience=BRISK)


def test_a_full_disk_during_the_conversion_keeps_what_was_fetched(serve, tmp_path, miniature10):
    source = miniature10.source(serve(honest, miniature10.tar).url)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_the_disk_at_the_end(name, done, total):
        if done == total:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))

    try:
        with pytest.raises(data.DataError, match="cannot write .*make room"):
            download.obtain(
                "cifar10",
                folder=tmp_path,
                sources=(source,),
                patience=BRISK,
                progress=fill_the_disk_at_the_end,
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name for path in tmp_path.iterdir()} - {"cifar10.lock"} == {source.files[0].name}
    download.obtain("cifar10", folder=tmp_path, sources=(source,), patience=BRISK)
    assert_archive_holds(miniature10, tmp_path)


def test_a_folder_that_cannot_be_made_gives_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(data.DataError, match="cannot write .*make room or a writable folder"):
        download.obtain("cifar10", folder=tmp_path / "file" / "folder")


def test_callers_at_the_same_time_fetch_once_and_all_find_the_archive(
    serve, tmp_path, miniature10
):
    host = serve(slow(400_000), miniature10.tar)
    source = miniature10.source(host.url)
    failures = []

    def call():
        try:
            download.obtain("cifar10", folder=tmp_path, sources=(source,), patience=BRISK)
            assert_archive_holds(miniature10, tmp_path)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert host.starts == [0]


FETCHER = """
import sys
from pathlib import Path
from sdtutorial.networks.download import File, Patience, _lock, fetch
folder, url, size, md5 = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
with _lock(folder / "lock"):
    fetch(File("file.bin", url, size, "md5", md5), folder, patience=Patience(speed_floor=0))
"""


def test_a_killed_process_gives_its_lock_and_its_bytes_to_the_next(serve, tmp_path):
    host = serve(slow(400_000))
    file = file_at(host.url)
    command = [sys.executable, "-c", FETCHER, tmp_path, host.url, str(file.size), file.checksum]
    with subprocess.Popen(command) as first:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("*.part")) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        first.kill()
    host.behaviour = honest
    subprocess.run(command, check=True, timeout=60)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert len(host.starts) == 2 and 0 < host.starts[1] < len(CONTENT)


# Parquet


def parquet_source(miniature, tmp_path, serve, behaviour=honest):
    import pyarrow
    from PIL import Image
    from pyarrow import parquet

    column = {"cifar10": "label", "cifar100": "fine_label"}[miniature.name]
    files = []
    for split, images, labels in zip(("train", "test"), *(miniature.arrays[k::2] for k in (0, 1))):
        rows = []
        for image in images:
            encoded = io.BytesIO()
            Image.fromarray(image).save(encoded, "PNG")
            rows.append({"bytes": encoded.getvalue(), "path": None})
        table = {"img": rows, column: labels.tolist(), "coarse_label": [0] * len(rows)}
        made = tmp_path / f"{split}.made"
        parquet.write_table(pyarrow.table(table), made)
        content = made.read_bytes()
        url = serve(behaviour, content).url
        files.append(file_at(url, content, f"{miniature.name}-{split}.parquet", "sha256"))
    return Source(tuple(files), label_column=column)


def test_parquet_files_give_the_same_archive(serve, tmp_path, miniature):
    source = parquet_source(miniature, tmp_path, serve)
    download.obtain(miniature.name, folder=tmp_path / "a", sources=(source,), patience=BRISK)
    assert_archive_holds(miniature, tmp_path / "a")
    assert not list((tmp_path / "a").glob("*.parquet"))


def test_parquet_files_in_the_folder_are_used_without_any_network(serve, tmp_path, miniature10):
    source = parquet_source(miniature10, tmp_path, serve, behaviour=failing(404))
    for file, made in zip(source.files, ("train.made", "test.made")):
        (tmp_path / made).rename(tmp_path / file.name)
    download.obtain("cifar10", folder=tmp_path, sources=(source,), patience=BRISK)
    assert_archive_holds(miniature10, tmp_path)


def test_without_pyarrow_parquet_is_passed_over_before_it_is_fetched(
    serve, tmp_path, miniature10, monkeypatch
):
    monkeypatch.setattr(download.importlib.util, "find_spec", lambda name: None)
    host = serve(honest)
    files = tuple(file_at(host.url, name=f"{split}.parquet") for split in ("train", "test"))
    with pytest.raises(data.DataError, match="needs pyarrow, which is not installed"):
        download.obtain(
            "cifar10", folder=tmp_path, sources=(Source(files, "label"),), patience=BRISK
        )
    assert not host.starts
