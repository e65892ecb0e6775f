/**
 * A hostile guest: random hypercalls, MSR accesses and host operations at the real hypervisor over the real software processor,
 * and the rules that hold whatever it does.
 *
 * <p>All randomness comes through {@link portcullis.fuzz.Choices}: from a seed, from a list of earlier choices (to make a failing
 * program smaller) or from bytes that a coverage-guided fuzzer has made. {@link portcullis.fuzz.Program} is one guest's life on one
 * thread, the same again for the same choices; {@link portcullis.fuzz.Storm} is many at once on threads of their own. What must
 * hold is in {@link portcullis.fuzz.CallRules} (an account of the control word of its own, which shares no code with the
 * dispatcher), {@link portcullis.fuzz.CallStep}, {@link portcullis.fuzz.MemoryGuard} and {@link portcullis.fuzz.OverlayRules}.
 * Start with {@link portcullis.fuzz.Fuzz}.
 */
package portcullis.fuzz;
