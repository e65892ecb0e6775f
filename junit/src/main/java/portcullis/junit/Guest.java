package portcullis.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import portcullis.machine.loader.FlatImage;

/**
 * What the {@link portcullis.host.Machine} of a test is made of: on the parameter, else on the method, else on the class or one around it. A
 * parameter of type {@link portcullis.host.MachineBuilder} gets all that is said here, for the test to say more.
 *
 * <p>A machine is made for each parameter, paused before its first instruction, and closed behind the test. Time is virtual, so that a test
 * is the same each time.
 *
 * <p>Files are given relative to the folder that the system property {@code portcullis.home} names, or else to the working directory.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@ExtendWith(PortcullisExtension.class)
public @interface Guest {
    /** A new seed for each machine; the report of a test that fails says which. */
    long ANY_SEED = Long.MIN_VALUE;

    // What it boots: one of these, none for a builder

    /** A multiboot kernel. */
    String multiboot() default "";

    /** A Linux kernel, or whatever else the file says that it is ({@link portcullis.host.MachineBuilder#kernel}). */
    String kernel() default "";

    /** Machine code in hexadecimal digits and blanks, at {@link #address}. */
    String flat() default "";

    // What goes with it

    /** A Linux kernel's RAM disk. */
    String initrd() default "";

    /** The kernel's command line; of a multiboot kernel the words behind the file's name. */
    String append() default "";

    /** Guest physical address of {@link #flat}, where it is entered. */
    long address() default 0x10_0000;

    /** In which mode {@link #flat} is entered. */
    FlatImage.Mode mode() default FlatImage.Mode.LONG;

    // The machine

    /** Processors, 1 to 255. */
    int cpus() default 1;

    /** Memory: {@code "512M"}, {@code "2G"}. */
    String memory() default "128M";

    /** What of Microsoft's hypervisor interface the guest finds: {@code "off"}, {@code "on"}, {@code "vsm"}, {@code "on,-stimer"}. */
    String hyperv() default "off";

    /** By virtual time, what decides how processors interleave; {@link #ANY_SEED}. The system property {@code portcullis.seed} wins. */
    long seed() default 0;

    /** By virtual time, what kind of interleaving: {@link portcullis.hypervisor.schedule.Schedule#parse}. */
    String schedule() default "random";

    /** Whether time is the host's, and each processor has a thread. No two runs are the same then. */
    boolean hostTime() default false;

    /**
     * How long each run may take, in nanoseconds of guest time (by virtual time: instructions); 0: as {@link portcullis.host.Limit#DEFAULT}
     * has it.
     */
    long limit() default 0;
}
