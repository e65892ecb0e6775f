/** What the processor claims to be: CPUID, the bits that control registers may hold, MSRs that exist. It claims what is there. */
package portcullis.soft.model;
