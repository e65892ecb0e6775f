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
 *
 * <p>Why no property-based library: the one that the JVM has, jqwik, is in maintenance mode, is bound to JUnit Platform 1.x where this
 * build has JUnit 6, and its terms since version 1.10 exclude use with AI agents. What it would give is here: choices from a seed that is
 * printed ({@link portcullis.fuzz.Choices}), programs made smaller ({@link portcullis.fuzz.Shrinker}), and a command that runs them again
 * ({@link portcullis.fuzz.Programs}).
 */
package portcullis.fuzz;
