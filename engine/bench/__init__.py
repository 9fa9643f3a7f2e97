"""Measurements that the product makes of itself: pages whose evidence is known, and what is read of them."""
