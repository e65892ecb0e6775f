/** What inhibiting, lifting and being suspended cost, and what they cost others. */
package portcullis.bench.gate;
