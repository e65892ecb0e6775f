#!/bin/sh
# What the flush gate costs, as Markdown tables: inhibit and lift, beside the kernel patch's grace period; from lift to the first
# instruction of who was suspended; flushes against a storm of inhibits.
#
#   bench/gate.sh [SECONDS]
#
# SECONDS (2) for each of the figures that are measured for a time. Takes about a minute on two quiet processors; the figures of the
# last two tables mean little on busy ones.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=toolchain.sh
. "$root/bench/toolchain.sh"
build_benchmarks
describe_host
benchmark portcullis.bench.gate.GateReport "$@"
