"""Downloads from local hosts that are slow, cut off, lie or are absent, and conversions."""

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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hosts import (
    CONTENT,
    Host,
    babbling,
    cutting_off,
    endless,
    failing,
    head,
    honest,
    in_turn,
    lying,
    redirecting,
    slow,
)
from miniature_cifar import file_at, make_miniature, tar
from torchvision import datasets

from sdtutorial.networks import archive, data, download
from sdtutorial.networks.download import Patience, Source

BRISK = Patience(speed_floor=0, timeout=10, retries=1)
HURRIED = replace(BRISK, speed_floor=1e6, window=0.3)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Do not wait between two requests."""
    import pooch

    monkeypatch.setattr(pooch.core, "time", SimpleNamespace(sleep=lambda seconds: None))


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


@pytest.fixture(params=["cifar10", "cifar100"])
def miniature(request, monkeypatch):
    """A few random images that pass for CIFAR during a test, packed as the real ones are."""
    return make_miniature(request.param, monkeypatch)


@pytest.fixture
def miniature10(monkeypatch):
    return make_miniature("cifar10", monkeypatch)


def assert_archive_holds(miniature, folder):
    loaded = data.load(miniature.name, folder=folder)
    assert loaded.fingerprint == archive.fingerprint(*miniature.arrays)
    assert len(loaded.train_images) == len(miniature.arrays[0])


# One file


def fetch(url, folder, patience=BRISK, content=CONTENT, **options):
    return download.fetch(file_at(url, content, **options), folder, patience=patience)


def refused(match, url, folder, patience=BRISK, **options):
    """Fail to fetch, and leave nothing behind."""
    with pytest.raises(download.UnavailableError, match=match):
        fetch(url, folder, patience, **options)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_file_arrives_whole_and_nothing_else_stays(serve, tmp_path, algorithm):
    path = fetch(serve(honest).url, tmp_path, algorithm=algorithm)
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_is_not_fetched_again(tmp_path, absent):
    (tmp_path / "file.bin").write_bytes(CONTENT)
    assert fetch(absent, tmp_path).read_bytes() == CONTENT


def test_a_file_that_is_there_but_wrong_is_fetched_again(serve, tmp_path):
    (tmp_path / "file.bin").write_bytes(CONTENT[::-1])
    assert fetch(serve(honest).url, tmp_path).read_bytes() == CONTENT


def test_a_download_that_is_cut_off_is_asked_for_again(serve, tmp_path):
    host = serve(in_turn(cutting_off(after=300_000), honest))
    assert fetch(host.url, tmp_path).read_bytes() == CONTENT
    assert host.requests == 2


@pytest.mark.parametrize("behaviour", [cutting_off(400_000), lying, babbling, failing(503)])
def test_no_host_is_asked_more_often_than_said(serve, tmp_path, behaviour):
    host = serve(behaviour)
    refused(host.url, host.url, tmp_path, replace(BRISK, retries=3))
    assert host.requests == 4


def test_wrong_bytes_are_refused_and_not_kept(serve, tmp_path):
    refused("MD5 hash .* does not match", serve(lying).url, tmp_path)


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"more", b""])
def test_a_file_of_another_size_is_refused_before_it_is_read(serve, tmp_path, content):
    host = serve(honest, content=content)
    refused(f"another file .{len(content)} bytes", host.url, tmp_path)
    assert host.requests == 1


def test_a_host_that_does_not_say_when_to_stop_is_stopped(serve, tmp_path):
    refused("more than 1000000 bytes", serve(endless).url, tmp_path)


@pytest.mark.parametrize("code", [403, 404, 410])
def test_a_refusal_is_not_asked_twice(serve, tmp_path, code):
    host = serve(failing(code))
    refused(str(code), host.url, tmp_path)
    assert host.requests == 1


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_passing_failure_is_asked_again(serve, tmp_path, code):
    refused(str(code), serve(failing(code)).url, tmp_path)
    assert fetch(serve(in_turn(failing(code), honest)).url, tmp_path).read_bytes() == CONTENT


def test_an_absent_host_is_named(tmp_path, absent):
    refused(rf"{absent}.*[Rr]efused", absent, tmp_path)


@pytest.mark.parametrize(
    "address", ["http://[::1/x", "http://a..b/x", f"http://{'a' * 70}.b/x", "nonsense://x", ""]
)
def test_a_redirect_to_nonsense_is_survived(serve, tmp_path, address):
    refused("http", serve(redirecting(address)).url, tmp_path)


def test_a_redirect_in_a_circle_ends(serve, tmp_path):
    host = serve(honest)
    host.behaviour = redirecting(host.url)
    refused("redirects", host.url, tmp_path)


def test_a_length_of_five_thousand_digits_is_survived(serve, tmp_path):
    def boasting(handler, content):
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n")

    refused("http", serve(boasting).url, tmp_path)


def test_a_host_that_falls_silent_is_left_after_the_timeout(serve, tmp_path):
    released = threading.Event()

    def stalling(handler, content):
        cutting_off(100_000)(handler, content)
        handler.wfile.flush()
        released.wait()

    try:
        began = time.monotonic()
        refused("timed out", serve(stalling).url, tmp_path, replace(BRISK, timeout=0.5))
        assert time.monotonic() - began < 5
    finally:
        released.set()


def test_a_slow_host_is_left_after_a_window_and_asked_no_more(serve, tmp_path):
    host = serve(slow(100_000))
    began = time.monotonic()
    refused(r"slow, \d+ kB/s", host.url, tmp_path, HURRIED)
    assert 0.3 <= time.monotonic() - began < 3  # the whole file would take ten seconds
    assert host.requests == 1


def test_a_host_that_sends_a_byte_at_a_time_is_left_after_a_window(serve, tmp_path):
    def dripping(handler, content):
        head(handler, len(content))
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.05)

    began = time.monotonic()
    refused("slow, 0 kB/s", serve(dripping).url, tmp_path, HURRIED)
    assert time.monotonic() - began < 3


def test_what_is_packed_stays_packed_whatever_the_host_calls_it(serve, tmp_path):
    content = tar({"a": CONTENT})

    def unpacking(handler, content):
        head(handler, len(content), **{"Content-Encoding": "x-gzip"})
        handler.wfile.write(content)

    path = fetch(serve(unpacking, content).url, tmp_path, content=content)
    assert path.read_bytes() == content


def test_nothing_is_shown_where_there_is_no_terminal(serve, tmp_path, capfd):
    fetch(serve(honest).url, tmp_path)
    assert capfd.readouterr() == ("", "")


def test_a_notebook_sees_name_share_and_size(serve, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(download.notebook, "in_kernel", lambda: True)
    fetch(serve(honest).url, tmp_path)
    assert "file.bin: 100%" in capfd.readouterr().err


def test_a_full_disk_is_not_taken_for_a_failure_of_the_network(serve, tmp_path):
    host = serve(honest)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(archive.DataError, match="cannot write .*make room.*SDTUTORIAL_DATA"):
            fetch(host.url, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert host.requests == 1


# A data set


def test_the_known_checksums_are_torchvisions():
    for name, kind in (("cifar10", datasets.CIFAR10), ("cifar100", datasets.CIFAR100)):
        archives = [s.files[0] for s in download.SOURCES[name] if s.label_column is None]
        assert {(file.name, file.checksum) for file in archives} == {
            (kind.filename, f"md5:{kind.tgz_md5}")
        }
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


def test_hosts_are_asked_in_order_until_one_delivers(serve, tmp_path, miniature10, absent):
    content = miniature10.tar
    hosts = [serve(b, content) for b in (failing(404), lying, honest, honest)]
    sources = [miniature10.source(url) for url in (absent, *(host.url for host in hosts))]
    download.obtain("cifar10", folder=tmp_path, sources=tuple(sources), patience=BRISK)
    assert_archive_holds(miniature10, tmp_path)
    assert [host.requests for host in hosts] == [1, 2, 1, 0]


def test_a_slow_host_is_left_for_the_next_one_and_the_last_one_is_taken_as_it_is(
    serve, tmp_path, miniature10
):
    hosts = [serve(slow(40_000), miniature10.tar) for _ in range(2)]  # about 80 kB
    sources = tuple(miniature10.source(host.url) for host in hosts)
    download.obtain("cifar10", folder=tmp_path, sources=sources, patience=HURRIED)
    assert_archive_holds(miniature10, tmp_path)
    assert [host.requests for host in hosts] == [1, 1]


def test_when_nothing_can_be_reached_the_error_says_which_files_to_put_where(
    serve, tmp_path, miniature10, absent
):
    host = serve(failing(500), miniature10.tar)
    sources = (miniature10.source(absent), miniature10.source(host.url))
    with pytest.raises(archive.DataError) as caught:
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
    with tarfile.open(fileobj=io.BytesIO(miniature.tar)) as packed:
        packed.extractall(tmp_path, filter="data")
    source = miniature.source(absent)
    download.obtain(miniature.name, folder=tmp_path, sources=(source,), patience=BRISK)
    assert_archive_holds(miniature, tmp_path)


def test_wrong_files_in_the_folder_are_named_and_passed_over(tmp_path, miniature10, absent):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(miniature10.tar[:-1])
    (tmp_path / "cifar-10-batches-py").mkdir()
    with pytest.raises(archive.DataError) as caught:
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
    with pytest.raises(archive.DataError, match="hash of downloaded file"):
        download.obtain("cifar10", folder=tmp_path / "a", sources=sources, patience=BRISK)
    # Even if the archive's md5 were the known one, or it lay there unpacked, that of the file
    # inside it is not.
    accepted = (miniature10.source(hosts[0].url, evil),)
    with pytest.raises(archive.DataError, match="corrupted"):
        download.obtain("cifar10", folder=tmp_path / "b", sources=accepted, patience=BRISK)
    with tarfile.open(fileobj=io.BytesIO(evil)) as packed:
        packed.extractall(tmp_path / "c", filter="data")
    with pytest.raises(archive.DataError, match="corrupted"):
        download.obtain("cifar10", folder=tmp_path / "c", sources=(), patience=BRISK)
    assert not trace.exists()
    with open(tmp_path / "c" / member, "rb") as file:
        pickle.load(file)
    assert trace.exists()  # the trap was a trap


def test_images_with_another_fingerprint_are_refused(serve, tmp_path, miniature, monkeypatch):
    monkeypatch.setitem(archive.FINGERPRINTS, miniature.name, "0" * 64)
    source = miniature.source(serve(honest, miniature.tar).url)
    with pytest.raises(archive.DataError, match=f"these arrays are not {miniature.name}"):
        download.obtain(miniature.name, folder=tmp_path, sources=(source,), patience=BRISK)
    assert not archive.path_of(miniature.name, folder=tmp_path).exists()


def test_classes_in_another_order_are_refused(serve, tmp_path, miniature10, monkeypatch):
    names = archive.CLASSES["cifar10"]
    monkeypatch.setitem(archive.CLASSES, "cifar10", names[::-1])
    source = miniature10.source(serve(honest, miniature10.tar).url)
    with pytest.raises(archive.DataError, match="the classes of .* are not those of cifar10"):
        download.obtain("cifar10", folder=tmp_path, sources=(source,), patience=BRISK)


def test_a_full_disk_during_the_conversion_keeps_what_was_fetched(
    serve, tmp_path, miniature10, monkeypatch
):
    source = miniature10.source(serve(honest, miniature10.tar).url)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    convert = download._convert

    def on_a_full_disk(*arguments):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            convert(*arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    monkeypatch.setattr(download, "_convert", on_a_full_disk)
    with pytest.raises(archive.DataError, match="cannot write .*make room"):
        download.obtain("cifar10", folder=tmp_path, sources=(source,), patience=BRISK)
    assert {path.name for path in tmp_path.iterdir()} - {"cifar10.lock"} == {source.files[0].name}
    monkeypatch.setattr(download, "_convert", convert)
    download.obtain("cifar10", folder=tmp_path, sources=(source,), patience=BRISK)
    assert_archive_holds(miniature10, tmp_path)


def test_a_folder_that_cannot_be_made_gives_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(archive.DataError, match="cannot write .*make room or a writable folder"):
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
    assert host.requests == 1


FETCHER = """
import sys
from pathlib import Path
from sdtutorial.networks.download import File, Patience, fetch
from sdtutorial.networks.locks import lock
folder, url, size, checksum = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
with lock(folder / "lock", timeout=30) as held:
    assert held
    fetch(File("file.bin", url, size, checksum), folder, patience=Patience(speed_floor=0))
"""


def test_a_killed_process_gives_its_lock_to_the_next(serve, tmp_path):
    host = serve(slow(400_000))
    file = file_at(host.url, CONTENT)
    command = [sys.executable, "-c", FETCHER, tmp_path, host.url, str(file.size), file.checksum]
    with subprocess.Popen(command) as first:
        deadline = time.monotonic() + 60
        while not host.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        first.kill()
    host.behaviour = honest
    subprocess.run(command, check=True, timeout=60)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert host.requests == 2


def test_a_process_that_downloads_for_too_long_is_named_in_a_sentence(
    tmp_path, miniature10, absent, monkeypatch
):
    monkeypatch.setattr(download, "LONGEST_WAIT", 0.1)
    source = miniature10.source(absent)
    with download.lock(tmp_path / "cifar10.lock"):
        with pytest.raises(archive.DataError, match="another process has held .*cifar10.lock"):
            in_a_thread(download.obtain, "cifar10", folder=tmp_path, sources=(source,))


def in_a_thread(function, *arguments, **options):
    """Call as another thread, for which a lock of this one is that of somebody else."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments, **options).result()


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
    files = tuple(file_at(host.url, CONTENT, f"{split}.parquet") for split in ("train", "test"))
    with pytest.raises(archive.DataError, match="needs pyarrow, which is not installed"):
        download.obtain(
            "cifar10", folder=tmp_path, sources=(Source(files, "label"),), patience=BRISK
        )
    assert host.requests == 0
