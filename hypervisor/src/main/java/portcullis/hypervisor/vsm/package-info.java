/**
 * Virtual Secure Mode (TLFS, "Virtual Secure Mode"): enabling trust levels, switching between them, their configuration, and
 * starting processors in a state of the caller's choice.
 */
package portcullis.hypervisor.vsm;
