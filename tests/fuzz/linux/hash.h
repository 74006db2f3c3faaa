/* SPDX-License-Identifier: BSD-2-Clause */
/* Empty: who includes parts of the module on the build machine brings what they need. */
