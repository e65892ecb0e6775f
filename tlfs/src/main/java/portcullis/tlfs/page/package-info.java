/** Pages that hypervisor and guest share: VP assist, reference TSC, monitored notifications. */
package portcullis.tlfs.page;
