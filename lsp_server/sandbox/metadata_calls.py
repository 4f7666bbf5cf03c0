"""This table has the calls that change owner, mode, times or attributes of a file.

Each says where its file is and makes the same change for us, on a file that was
looked at before: a path that means another file a moment later gains nothing.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType

from lsp_server.sandbox.call_numbers import call_numbers
from lsp_server.sandbox.system_calls import checked, libc
from lsp_server.sandbox.waiting_call import CURRENT_FOLDER, NOT_THE_TARGET, WaitingCall

NAME_BYTES_MAX = 256
VALUE_BYTES_MAX = 65_536
"""What Linux allows for the name and the value of an extended attribute."""


@dataclass(frozen=True, slots=True)
class MetadataCall:
    """A `MetadataCall` says what a call changes, and where its file is named.

    `change` makes the change to the file at a path; it raises OSError. `folder`, `path`
    and `flags` are places of arguments; `link` says that a link itself is meant,
    `may_be_null` that no path means the descriptor.
    """

    change: Callable[[WaitingCall, str], None]
    folder: int | None = None
    path: int | None = None
    flags: int | None = None
    link: bool = False
    may_be_null: bool = False

    def open(self, call: WaitingCall) -> int:
        """Returns a descriptor of the file as a place. Raises OSError."""
        flags = 0 if self.flags is None else call.signed(self.flags)
        flags |= NOT_THE_TARGET if self.link else 0
        return call.open(self.folder, self.path, flags, may_be_null=self.may_be_null)


@cache
def metadata_calls() -> Mapping[int, MetadataCall]:
    """Returns the calls by their numbers on this machine."""
    numbers = call_numbers(platform.machine())
    return MappingProxyType(
        {numbers[name]: call for name, call in CALLS.items() if name in numbers}
    )


def _change_mode(call: WaitingCall, file: str, *, at: int) -> None:
    Path(file).chmod(call.arguments[at] & 0o7777)


def _change_owner(call: WaitingCall, file: str, *, at: int) -> None:
    os.chown(file, call.signed(at), call.signed(at + 1))


def _change_times(call: WaitingCall, file: str, *, at: int, form: str) -> None:
    """Sets access and change: each in seconds (`q`), and micro- or nanoseconds if `form` has them."""
    times = None
    if call.arguments[at]:
        found = struct.unpack(form, call.data(at, struct.calcsize(form)))
        times = ctypes.create_string_buffer(struct.pack("4q", *_TIMESPECS[form](found)), 32)
    checked(libc().utimensat(CURRENT_FOLDER, os.fsencode(file), times, 0))


def _set_attribute(call: WaitingCall, file: str) -> None:
    if call.arguments[3] > VALUE_BYTES_MAX:
        raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))
    value = call.data(2, call.arguments[3])
    os.setxattr(file, call.text(1, NAME_BYTES_MAX), value, call.signed(4))


def _remove_attribute(call: WaitingCall, file: str) -> None:
    os.removexattr(file, call.text(1, NAME_BYTES_MAX))


def _unknown(call: WaitingCall, file: str) -> None:  # noqa: ARG001 - the shape of a change
    """Programs have another way than the newest calls."""
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


SECONDS, MICROSECONDS, NANOSECONDS = "2q", "qqqq", "4q"
_TIMESPECS: Mapping[str, Callable[[tuple[int, ...]], tuple[int, ...]]] = MappingProxyType(
    {
        SECONDS: lambda two: (two[0], 0, two[1], 0),
        MICROSECONDS: lambda four: (four[0], four[1] * 1000, four[2], four[3] * 1000),
        NANOSECONDS: lambda four: four,
    }
)
_mode = partial(partial, _change_mode)
_owner = partial(partial, _change_owner)
_times = partial(partial, _change_times)

CALLS: Mapping[str, MetadataCall] = MappingProxyType(
    {
        "chmod": MetadataCall(_mode(at=1), path=0),
        "fchmod": MetadataCall(_mode(at=1), folder=0),
        "fchmodat": MetadataCall(_mode(at=2), folder=0, path=1),
        "fchmodat2": MetadataCall(_mode(at=2), folder=0, path=1, flags=3),
        "chown": MetadataCall(_owner(at=1), path=0),
        "lchown": MetadataCall(_owner(at=1), path=0, link=True),
        "fchown": MetadataCall(_owner(at=1), folder=0),
        "fchownat": MetadataCall(_owner(at=2), folder=0, path=1, flags=4),
        "utime": MetadataCall(_times(at=1, form=SECONDS), path=0),
        "utimes": MetadataCall(_times(at=1, form=MICROSECONDS), path=0),
        "futimesat": MetadataCall(
            _times(at=2, form=MICROSECONDS), folder=0, path=1, may_be_null=True
        ),
        "utimensat": MetadataCall(
            _times(at=2, form=NANOSECONDS), folder=0, path=1, flags=3, may_be_null=True
        ),
        "setxattr": MetadataCall(_set_attribute, path=0),
        "lsetxattr": MetadataCall(_set_attribute, path=0, link=True),
        "fsetxattr": MetadataCall(_set_attribute, folder=0),
        "setxattrat": MetadataCall(_unknown, folder=0),
        "removexattr": MetadataCall(_remove_attribute, path=0),
        "lremovexattr": MetadataCall(_remove_attribute, path=0, link=True),
        "fremovexattr": MetadataCall(_remove_attribute, folder=0),
        "removexattrat": MetadataCall(_unknown, folder=0),
    }
)
