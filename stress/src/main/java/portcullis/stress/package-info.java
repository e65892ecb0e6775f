/**
 * jcstress tests: two or three threads do one thing each to the same few objects, millions of times, and every outcome is either
 * declared or an error. They find what a processor reorders, which models and interleaving explorers do not.
 *
 * <p>Each class is about one pair of the flush gate's operations; {@code run.sh} runs them. Depends on {@code hypervisor}.
 */
package portcullis.stress;
