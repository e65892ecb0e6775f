/**
 * Benchmarks of the hypervisor interface and of the gate. Depends on everything and is depended upon by nothing.
 *
 * <p>Classes that JMH runs are for code that one thread can drive to and fro; what needs several VPs on threads of their own is
 * measured by programs of this module that start whole machines. bench/hypercalls.sh and bench/gate.sh run both and print Markdown;
 * docs/performance.md holds what they printed.
 */
package portcullis.bench;
