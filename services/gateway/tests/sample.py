"""The messages and services of `sample.proto`, compiled when first asked for."""

from __future__ import annotations

import tempfile
from functools import cache
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import google.protobuf.duration_pb2
import google.protobuf.field_mask_pb2
import google.protobuf.struct_pb2
import google.protobuf.timestamp_pb2
import google.protobuf.wrappers_pb2  # noqa: F401 - what the sample imports must be in the pool
from google.api import annotations_pb2, httpbody_pb2  # noqa: F401
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc  # type: ignore[import-untyped]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent


@cache
def load() -> SimpleNamespace:
    """The message classes by name; `services` maps names to descriptors, `colour` is the enum."""
    bundled = resources.files("grpc_tools") / "_proto"
    common = Path(annotations_pb2.__file__).parent.parent.parent
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "sample.binpb"
        includes = [f"-I{path}" for path in (HERE, ROOT / "protos", common, bundled)]
        code = protoc.main(["protoc", *includes, f"--descriptor_set_out={out}", "sample.proto"])
        assert code == 0
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(files.file[0].SerializeToString())
    file = pool.FindFileByName("sample.proto")
    messages = {name: GetMessageClass(kind) for name, kind in file.message_types_by_name.items()}
    return SimpleNamespace(
        **messages, services=file.services_by_name, colour=file.enum_types_by_name["Colour"]
    )
