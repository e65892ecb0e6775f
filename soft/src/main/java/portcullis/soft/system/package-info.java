/** System instructions and state: control, debug and model-specific registers, CPUID, reset, extended state. */
package portcullis.soft.system;
