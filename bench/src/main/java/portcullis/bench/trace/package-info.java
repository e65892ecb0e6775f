/** What trace events cost whoever emits them. */
package portcullis.bench.trace;
