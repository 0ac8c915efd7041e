/** Calls coming in: map, call, map back. */
package banyan.payment.rpc;
