/**
 * What a guest finds of Microsoft's interface besides hypercalls: CPUID leaves, synthetic MSRs, the partition's state for each
 * trust level, reference time (TLFS, "Feature and Interface Discovery", "Virtual Processors", "Timers").
 */
package portcullis.hypervisor.hyperv;
