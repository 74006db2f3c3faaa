# SPDX-License-Identifier: BSD-2-Clause
# The README's first commands on minimal Debian systems, made for it and thrown away.
SUITES ?= bookworm trixie

.PHONY: test-fresh $(addprefix test-fresh-,$(SUITES))
test-fresh: $(addprefix test-fresh-,$(SUITES))

$(addprefix test-fresh-,$(SUITES)): test-fresh-%:
	@echo "  FRESH   $*"
	@tests/fresh/fresh.sh $(BUILD)/fresh $*

LONG_TARGETS += test-fresh
