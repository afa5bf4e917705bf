"""A few random images that pass for CIFAR, packed as the real ones are."""

import hashlib
import io
import pickle
import tarfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from torchvision import datasets

from sdtutorial.networks import archive
from sdtutorial.networks.download import File, Source


def file_at(url, content, name="file.bin", algorithm="md5"):
    """A file of this content that is offered at an address."""
    checksum = f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
    return File(name, url, len(content), checksum)


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


def make_miniature(name, monkeypatch):
    rng = np.random.default_rng(1)
    kind = {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}[name]
    label_key = {"cifar10": "labels", "cifar100": "fine_labels"}[name]
    arrays, members = [], {}
    for attribute in ("train_list", "test_list"):
        images, labels, checksums = [], [], []
        for member, _ in getattr(kind, attribute):
            pixels = rng.integers(0, 256, (4, 3, 32, 32), dtype=np.uint8)  # colour, row, column
            numbers = rng.integers(0, len(archive.CLASSES[name]), 4).tolist()
            content = pickled({"data": pixels.reshape(4, 3072), label_key: numbers})
            members[f"{kind.base_folder}/{member}"] = content
            checksums.append([member, hashlib.md5(content).hexdigest()])
            images.append(pixels.transpose(0, 2, 3, 1))
            labels.extend(numbers)
        monkeypatch.setattr(kind, attribute, checksums)
        arrays += [np.concatenate(images), np.array(labels)]
    content = pickled({kind.meta["key"]: list(archive.CLASSES[name])})
    members[f"{kind.base_folder}/{kind.meta['filename']}"] = content
    monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": hashlib.md5(content).hexdigest()})
    monkeypatch.setitem(archive.FINGERPRINTS, name, archive.fingerprint(*arrays))
    packed = tar(members)

    def source(url, content=packed):
        return Source((replace(file_at(url, content), name=kind.filename),))

    return SimpleNamespace(
        name=name, arrays=arrays, members=members, tar=packed, source=source, kind=kind
    )
