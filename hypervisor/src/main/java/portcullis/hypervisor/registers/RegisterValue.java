package portcullis.hypervisor.registers;

/** HV_REGISTER_VALUE: 16 bytes, low half first. Reused. */
public final class RegisterValue {
    public long low;
    public long high;

    public void set(long value) {
        low = value;
        high = 0;
    }
}
