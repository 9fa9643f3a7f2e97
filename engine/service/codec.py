"""Typed dataclasses ↔ JSON. Owns the wire format; nothing is ever unpickled.

A dataclass becomes an object of its fields; where the type is a union of dataclasses the object carries its class
name under "$". Enums travel as their values, tuples as arrays, None as null.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin

TAG = "$"

Decoder = Callable[[Any], Any]


class CodecError(ValueError):
    """Data that does not fit the type it should become."""


def to_plain(value: object) -> Any:
    """`value` as JSON-ready data; each dataclass carries its class name, so unions can be told apart."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        plain: dict[str, Any] = {TAG: type(value).__name__}
        for name in _field_names(type(value)):
            plain[name] = to_plain(getattr(value, name))
        return plain
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    return value


def to_json(value: object) -> str:
    return json.dumps(to_plain(value), ensure_ascii=False, separators=(",", ":"))


def from_plain(expected: Any, plain: Any) -> Any:
    """`plain` as a value of type `expected` (a dataclass, a union of them, or any annotation used in one).

    Raises CodecError when it does not fit.
    """
    try:
        return _decoder(expected)(plain)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CodecError(f"not a {getattr(expected, '__name__', expected)}: {error}") from error


def from_json(expected: Any, text: str | bytes) -> Any:
    try:
        plain = json.loads(text)
    except ValueError as error:
        raise CodecError(f"not JSON: {error}") from error
    return from_plain(expected, plain)


@cache
def _field_names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


@cache
def _decoder(expected: Any) -> Decoder:
    """The function that turns plain data into `expected`; built once per annotation, because pages hold thousands
    of words."""
    origin = get_origin(expected)
    if origin is Union or origin is types.UnionType:
        return _union_decoder(get_args(expected))
    if origin is tuple:
        return _tuple_decoder(get_args(expected))
    if origin is list:
        item = _decoder(get_args(expected)[0])
        return lambda plain: [item(each) for each in plain]
    if dataclasses.is_dataclass(expected):
        return _dataclass_decoder(expected)
    if expected is float:
        return float
    if isinstance(expected, type) and issubclass(expected, Enum):
        return expected
    return lambda plain: plain


def _tuple_decoder(args: tuple[Any, ...]) -> Decoder:
    if len(args) == 2 and args[1] is Ellipsis:
        item = _decoder(args[0])
        return lambda plain: tuple(item(each) for each in plain)
    items = [_decoder(arg) for arg in args]
    return lambda plain: tuple(decode(each) for decode, each in zip(items, plain, strict=True))


def _dataclass_decoder(cls: Any) -> Decoder:
    # Hints are resolved at first use: decoders of classes that refer to each other must not recurse for ever.
    hints = typing.get_type_hints(cls)
    fields: list[tuple[str, Decoder, bool]] = [
        (field.name, _decoder(hints[field.name]), _has_default(field)) for field in dataclasses.fields(cls)
    ]

    def decode(plain: Any) -> Any:
        return cls(**{name: item(plain[name]) for name, item, optional in fields if not optional or name in plain})

    return decode


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _union_decoder(args: tuple[Any, ...]) -> Decoder:
    classes = [arg for arg in args if isinstance(arg, type) and dataclasses.is_dataclass(arg)]
    by_name = {cls.__name__: _decoder(cls) for cls in classes}
    plain_types = [arg for arg in args if not dataclasses.is_dataclass(arg) and arg is not type(None)]
    other = _decoder(plain_types[0]) if len(plain_types) == 1 else lambda plain: plain

    def decode(plain: Any) -> Any:
        if plain is None:
            if type(None) not in args:
                raise CodecError("null where a value is needed")
            return None
        if by_name and (isinstance(plain, dict) or not plain_types):
            return by_name[plain[TAG]](plain)
        return other(plain)

    return decode
