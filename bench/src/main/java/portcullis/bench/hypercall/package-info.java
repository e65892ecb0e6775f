/** What hypercalls cost. */
package portcullis.bench.hypercall;
