"""The descriptor set beside the package says what the generated code says."""

from __future__ import annotations

from importlib import resources

from google.protobuf import descriptor_pb2

from gateway import catalog
from gateway.openapi import comments


def test_the_descriptor_set_is_of_the_same_contracts_as_the_generated_code() -> None:
    data = resources.files("gateway").joinpath("descriptors.binpb").read_bytes()
    files = {file.name: file for file in descriptor_pb2.FileDescriptorSet.FromString(data).file}
    for service in catalog.public_services():
        generated = descriptor_pb2.FileDescriptorProto()
        service.file.CopyToProto(generated)
        kept = descriptor_pb2.FileDescriptorProto()
        kept.CopyFrom(files[service.file.name])
        kept.ClearField("source_code_info")
        assert kept.SerializeToString(deterministic=True) == generated.SerializeToString(deterministic=True)


def test_every_public_method_has_a_comment() -> None:
    texts = comments.load()
    for service in catalog.public_services():
        assert texts[service.full_name]
        assert all(texts[method.full_name] for method in service.methods)
