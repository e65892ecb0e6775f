/**
 * Guests in JUnit tests: {@link portcullis.junit.Guest} says what a test's machine is made of, and the extension makes it, closes it and,
 * where the test fails, adds to the report what the machine was about.
 *
 * <p>Depends on {@code host} and on JUnit Jupiter. docs/embedding.md is the tutorial.
 */
package portcullis.junit;
