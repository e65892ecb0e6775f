/** The target of the coverage-guided fuzzer Jazzer: module fuzz does the work, bench/jazzer.sh runs it. */
package portcullis.jazzer;
