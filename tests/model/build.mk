# SPDX-License-Identifier: BSD-2-Clause
# Spin models of the protocols in include/wire: `make check-model`.
MODELS := $(patsubst tests/model/%.pml,$(BUILD)/model/%.ok,$(wildcard tests/model/*.pml))
CHECK_TARGETS += check-model

.PHONY: check-model
check-model: $(MODELS)

# Exhaustive search; a model that is cut short (depth, memory) counts as failed.
$(BUILD)/model/%.ok: tests/model/%.pml
	@mkdir -p $(BUILD)/model/$*
	@echo "  SPIN    $<"
	$(Q)cd $(BUILD)/model/$* && spin -a $(abspath $<) && $(HOST_CC) -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c && \
		./pan -m1000000 > pan.log 2>&1; \
	if ! grep -q 'errors: 0' pan.log || grep -qE 'max search depth too small|out of memory' pan.log; then \
		cat pan.log; exit 1; fi
	@touch $@
