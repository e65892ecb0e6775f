package portcullis.fuzz;

/** A rule that a caller of the fuzzer adds to its own, about every call that a program makes. */
@FunctionalInterface
interface CallRule {
    CallRule NONE = call -> {};

    /** @throws Violation where it does not hold */
    void check(Call call);
}
