/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The whole set of answers to a request across a boundary. */
#ifndef WIRE_STATUS_H
#define WIRE_STATUS_H

enum wire_status {
	WIRE_OK = 0,
	WIRE_EINVAL = 1, /* malformed: a reserved bit, a misaligned address, an unknown operation */
	WIRE_ENOENT = 2, /* no such VM, no RAM there, nothing mapped */
	WIRE_EPERM = 3, /* not yours */
	WIRE_ENOMEM = 4, /* quota or pool exhausted */
	WIRE_EBUSY = 5, /* not in this state */
	WIRE_EEXIST = 6, /* something is mapped there */
	WIRE_ENOSYS = 7, /* version or operation not offered */
	WIRE_EIO = 8, /* the VM is dead */
	WIRE_EGRANULE = 9, /* the service-VM's RAM has 2 MiB granules, the request is smaller */
};

#endif
