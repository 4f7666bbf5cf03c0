"""This table has the numbers of the system calls that a filter names, by machine.

They are those of the kernel's headers and never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

MACHINES = ("x86_64", "aarch64")
"""The columns of the table, after the name of the call."""

TABLE = """
socket 41 198
seccomp 317 277
clone 56 220
clone3 435 435
kill 62 129
prlimit64 302 261
setrlimit 160 164
setpriority 141 140
chmod 90 -
fchmod 91 52
fchmodat 268 53
fchmodat2 452 452
mknod 133 -
mknodat 259 33
ioctl 16 29
truncate 76 45
open 2 -
openat 257 56
creat 85 -
openat2 437 437
unshare 272 97
setns 308 268
mount 165 40
umount2 166 39
pivot_root 155 41
chroot 161 51
open_tree 428 428
move_mount 429 429
fsopen 430 430
fsconfig 431 431
fsmount 432 432
fspick 433 433
mount_setattr 442 442
open_tree_attr 467 467
bpf 321 280
perf_event_open 298 241
userfaultfd 323 282
add_key 248 217
request_key 249 218
keyctl 250 219
io_uring_setup 425 425
io_uring_enter 426 426
io_uring_register 427 427
open_by_handle_at 304 265
fanotify_init 300 262
process_madvise 440 440
process_mrelease 448 448
migrate_pages 256 238
move_pages 279 239
shmget 29 194
shmat 30 196
shmctl 31 195
semget 64 190
semop 65 193
semctl 66 191
semtimedop 220 192
msgget 68 186
msgsnd 69 189
msgrcv 70 188
msgctl 71 187
mq_open 240 180
mq_unlink 241 181
kexec_load 246 104
kexec_file_load 320 294
init_module 175 105
finit_module 313 273
delete_module 176 106
reboot 169 142
swapon 167 224
swapoff 168 225
acct 163 89
quotactl 179 60
chown 92 -
fchown 93 55
lchown 94 -
fchownat 260 54
utime 132 -
utimes 235 -
futimesat 261 -
utimensat 280 88
setxattr 188 5
lsetxattr 189 6
fsetxattr 190 7
setxattrat 463 463
removexattr 197 14
lremovexattr 198 15
fremovexattr 199 16
removexattrat 466 466
file_setattr 469 469
ioprio_set 251 30
sched_setaffinity 203 122
sched_setscheduler 144 119
sched_setparam 142 118
sched_setattr 314 274
"""


@cache
def call_numbers(machine: str) -> Mapping[str, int]:
    """Returns the numbers by name, without the calls that the machine does not have.

    Raises ValueError for a machine that is not among `MACHINES`.

    >>> call_numbers("x86_64")["socket"], "chmod" in call_numbers("aarch64")
    (41, False)
    """
    if machine not in MACHINES:
        raise ValueError(f"the numbers of system calls are not known for {machine}")
    column = 1 + MACHINES.index(machine)
    rows = (line.split() for line in TABLE.strip().splitlines())
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}
